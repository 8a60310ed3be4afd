import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dataverse, PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;

beforeAll(async () => {
  organization = await simulatedOrganization(200);
  source = organization.dataverse(7);
  // Pages of seven rows are many requests, and what is asked here is not patience.
  await organization.simulator('PATCH', '/switches', { requestLimit: 1_000_000 });
});
afterAll(() => organization.close());

const query: RowQuery = {
  table: { logicalName: 'contact', entitySetName: 'contacts', primaryId: 'contactid' },
  columns: ['contactid', 'lastname', '_ownerid_value', 'versionnumber'],
  hasAnnotations: true,
};
const keys: RowQuery = { ...query, columns: ['contactid'], hasAnnotations: false };
const idOf = (number: number) => `cccccccc-0000-4000-8000-${String(number).padStart(12, '0')}`;

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
      await organization.simulator('PATCH', '/switches', behaviour);
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
          const path = `contacts(${idOf(row)})`;
          if (name === null) await organization.call('DELETE', path);
          else await organization.call('PATCH', path, { lastname: name });
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
