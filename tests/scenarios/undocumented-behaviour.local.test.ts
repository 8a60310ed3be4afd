import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { replicatingProfile } from './replicating-profile.ts';
import { runningPlatform, simulator } from './running-platform.ts';

// Small pages, so that a load and a delta have several.
const platform = runningPlatform({ PAGE_SIZE: '40' });
const tables = ['account', 'task'];
let profiles = 0;

/** What Dataverse does where its documentation is silent, each the other way than by default. */
const behaviours: readonly (readonly [
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>,
])[] = [
  [{ deltaTokenTime: 'end' }, { deltaTokenTime: 'start' }],
  [{ tokenBoundToSelect: true }, { tokenBoundToSelect: false }],
  [{ pagesBoundToSelect: true }, { pagesBoundToSelect: false }],
  [{ updateAndDeleteOfSameId: false }, { updateAndDeleteOfSameId: true }],
  [{ expiredStatus: 410 }, { expiredStatus: 400 }],
  [{ schemaChangeExpiresTokens: true }, { schemaChangeExpiresTokens: false }],
  [{ shuffleOrder: true }, { shuffleOrder: false }],
  [{ deletesFirst: true }, { deletesFirst: false }],
  [{ deltaLinkFirst: false }, { deltaLinkFirst: true }],
  [{ annotationsWithTrackChanges: false }, { annotationsWithTrackChanges: true }],
  [{ globalMetadataVersionOnDelta: false }, { globalMetadataVersionOnDelta: true }],
  [{ lookupAnnotationsComplete: true }, { lookupAnnotationsComplete: false }],
  [{ attributesTellODataValidity: false }, { attributesTellODataValidity: true }],
  [{ olderErrorCodeEmpty: true }, { olderErrorCodeEmpty: false }],
  [{ maxPageSize: 25 }, { maxPageSize: 5000 }],
  [{ gzip: true }, { gzip: false }],
  [{ keyRanges: 'as-text' }, { keyRanges: 'as-sorted' }],
  [{ keyRanges: 'refused' }, { keyRanges: 'as-sorted' }],
  [{ staleMetadataVersionSeconds: 3 }, { staleMetadataVersionSeconds: 0 }],
  [{ metadataChanges: 'refused' }, { metadataChanges: 'told' }],
  [{ metadataChanges: 'expired' }, { metadataChanges: 'told' }],
  [
    { staleMetadataVersionSeconds: 3, changesHeedConsistency: false },
    { staleMetadataVersionSeconds: 0, changesHeedConsistency: true },
  ],
  [
    { staleMetadataVersionSeconds: 3, filtersByValue: false },
    { staleMetadataVersionSeconds: 0, filtersByValue: true },
  ],
];

/** Where a delta token that expires is of interest. */
const expiring = /expiredStatus|olderErrorCodeEmpty|deltaTokenTime|shuffleOrder/;

/** A load while rows change, then changes, a new column among them, and an expired delta token. */
async function replicateAndCompare(prefix: string, isExpiring: boolean): Promise<void> {
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 60, tables });
  const profile = await replicatingProfile(platform(), tables, prefix);
  await profile.startChanges(60);
  if (isExpiring)
    await simulator(platform(), 'POST', '/faults', { route: 'accounts?', kind: 'expired-delta' });
  await simulator(platform(), 'POST', '/schema', {
    table: 'task',
    addColumn: `new_${prefix} string length=100; New`,
  });
  await sleep(1500);
  const faults = async () => (await simulator<{ faults: unknown[] }>(platform(), 'GET')).faults;
  await expect.poll(faults, { timeout: 90_000, interval: 200 }).toEqual([]);
  await profile.expectEqualSides();
  await profile.delete();
}

test('by default', () => replicateAndCompare('usual', true), 60_000);

test.each(behaviours)(
  '%j',
  async (unusual, usual) => {
    profiles += 1;
    await simulator(platform(), 'PATCH', '/switches', unusual);
    try {
      await replicateAndCompare(`p${profiles}`, expiring.test(JSON.stringify(unusual)));
    } finally {
      await simulator(platform(), 'PATCH', '/switches', usual);
    }
  },
  60_000,
);
