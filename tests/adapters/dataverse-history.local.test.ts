import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RunningDataverse, startDataverse } from '../../local/dataverse/start-dataverse.ts';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import { contosoTenantId, managedIdentity } from '../../local/sign-ins.ts';
import { dataverse } from '../../shared/adapters/dataverse/dataverse.ts';
import { accessTokens } from '../../shared/adapters/entra/access-tokens.ts';
import { appCredential } from '../../shared/adapters/entra/app-credential.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { AccessTokens } from '../../shared/ports/access-tokens.ts';
import type { Dataverse, PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';

const folder = mkdtempSync(join(tmpdir(), 'history-'));
let entra: Entra;
let organization: RunningDataverse;
let tokens: AccessTokens;
let source: Dataverse;

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  vi.stubEnv('IDENTITY_ENDPOINT', `${entra.url}/msi/token`);
  vi.stubEnv('IDENTITY_HEADER', managedIdentity.header);
  const file = join(folder, 'organization.db');
  const { clientId: managedIdentityClientId } = managedIdentity;
  const options = { port: 0, file, entraUrl: entra.url, tenantId: contosoTenantId, managedIdentityClientId };
  organization = await startDataverse({ ...options, rows: 200 });
  const clock = systemClock();
  tokens = accessTokens({ credential: appCredential({ hasManagedIdentity: true }), clock });
  source = dataverse({ origin: organization.url, tokens, clock, pageSize: 7 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await organization.close();
  await entra.close();
  rmSync(folder, { recursive: true });
});

const query: RowQuery = {
  table: { logicalName: 'contact', entitySetName: 'contacts', primaryId: 'contactid' },
  columns: ['contactid', 'lastname', '_ownerid_value', 'versionnumber'],
  hasAnnotations: true,
};
const keys: RowQuery = { ...query, columns: ['contactid'], hasAnnotations: false };
const idOf = (number: number) => `cccccccc-0000-4000-8000-${String(number).padStart(12, '0')}`;

async function send(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${organization.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await tokens.forResource(organization.url)}`,
      'content-type': 'application/json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok && response.status !== 404) throw new Error(await response.text());
}

/** Applies pages as a destination would, but with no more care than the port asks for; answers the delta link. */
async function apply(copy: Map<string, unknown>, first: PageRequest): Promise<string> {
  for (let request = first; ; ) {
    const { rows, deletedIds, following } = await source.readPage(request);
    const ids = rows.map((row) => String(row.contactid));
    expect(ids.filter((id) => deletedIds.includes(id))).toEqual([]);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(expect.arrayContaining([...request.query.columns]));
      copy.set(String(row.contactid), row.lastname ?? null);
    }
    for (const id of deletedIds) copy.delete(id);
    if (following.kind === 'end') throw new Error('no delta link');
    if (following.kind === 'delta') return following.link;
    request = { kind: 'next', query: request.query, link: following.link };
  }
}

const change = fc.record({
  row: fc.nat({ max: 11 }),
  name: fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }), { freq: 2 }),
});
const switches = fc.record({
  tokenBoundToSelect: fc.boolean(),
  annotationsWithTrackChanges: fc.boolean(),
  updateAndDeleteOfSameId: fc.boolean(),
  deletesFirst: fc.boolean(),
  shuffleOrder: fc.boolean(),
  deltaLinkFirst: fc.boolean(),
  gzip: fc.boolean(),
});

test('following the links gives the rows of the organization, whatever happened and however it behaves', async () => {
  const rounds = fc.array(fc.array(change, { maxLength: 15 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(switches, rounds, async (behaviour, history) => {
      await send('PATCH', '/simulator/switches', behaviour);
      const copy = new Map<string, unknown>();
      let link = await apply(new Map(), { kind: 'tracked-rows', query: keys });
      for (let request: PageRequest = { kind: 'rows', query }; ; ) {
        const page = await source.readPage(request);
        for (const row of page.rows) copy.set(String(row.contactid), row.lastname ?? null);
        if (page.following.kind !== 'next') break;
        request = { kind: 'next', query, link: page.following.link };
      }
      for (const changes of history) {
        for (const { row, name } of changes) {
          const path = `/api/data/v9.2/contacts(${idOf(row)})`;
          if (name === null) await send('DELETE', path);
          else await send('PATCH', path, { lastname: name });
        }
        link = await apply(copy, { kind: 'delta', query, link });
      }
      const truth = new Map<string, unknown>();
      await apply(truth, { kind: 'tracked-rows', query });
      expect(copy).toEqual(truth);
    }),
    { numRuns: 25 },
  );
});
