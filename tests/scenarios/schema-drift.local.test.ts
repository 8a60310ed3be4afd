import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { differencesOf } from './compare-tables.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

// Small pages, so that a load has several.
const platform = runningPlatform({ PAGE_SIZE: '40' });
const soon = { timeout: 90_000, interval: 300 };
const [changed, other] = ['sample_a', 'sample_b'] as const;
let profile: Awaited<ReturnType<typeof replicatingProfile>>;

const schema = (change: object) => simulator(platform(), 'POST', '/schema', change);
const switches = (wanted: object) => simulator(platform(), 'PATCH', '/switches', wanted);
const make = async (table: string, count: number) => {
  await schema({ table: 'team', copyAs: table });
  await simulator(platform(), 'POST', '/rows', { table, count });
};

beforeAll(async () => {
  for (const table of [changed, other]) await make(table, 100);
  profile = await replicatingProfile(platform(), [changed, other]);
}, 120_000);

/** Rows are made, changed and deleted for a moment. */
async function change(...tables: readonly string[]): Promise<void> {
  const mix = { create: 4, update: 10, delete: 3, recreate: 3 };
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 60, tables, mix });
  await sleep(700);
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 0 });
}

const statusOf = async (table: string) =>
  (await profile.statuses()).find((status) => status?.Type === table)?.LastExportStatus;
const linesOf = async (text: string | RegExp) =>
  (await profile.failureLines()).filter((line) => line.includes(`Entity: ${changed}`) && line.match(text));
const countStored = async () =>
  (await inDatabase<{ count: string }>(platform(), `SELECT count(*) AS count FROM dbo.${changed}`))[0]?.count;

/** The table stands still, the other one goes on, and the failure log has one line with these words. */
async function expectStandstill(words: RegExp): Promise<void> {
  await expect.poll(() => statusOf(changed), soon).toBe('Failure');
  const before = await countStored();
  await change(other);
  const { dataverse, entra, database } = platform().addresses;
  const sides = { dataverse, entra, database, organizationId };
  await expect.poll(() => differencesOf(other, sides), soon).toEqual([]);
  expect(await statusOf(other)).toBe('Success');
  expect(await countStored()).toBe(before);
  expect(await linesOf(words)).toHaveLength(1);
}

test.each([false, true])(
  'an entity set that is renamed is followed on (tokens bound to their set: %s)',
  async (isBound) => {
    await switches({ tokenBoundToSet: isBound });
    await schema({ table: changed, renameSet: `firms${isBound}`.toLowerCase() });
    await change(changed, other);
    await profile.expectEqualSides();
    await switches({ tokenBoundToSet: false });
    expect(await linesOf('')).toEqual([]);
  },
  120_000,
);

test('a table whose change tracking is lost stands still alone, and is swept when it is on again', async () => {
  await switches({ trackingLossExpiresTokens: false });
  await schema({ table: changed, changeTracking: false });
  await expectStandstill(/isn't enabled for change tracking.*Turn change tracking on for the table/);
  await change(changed);
  await schema({ table: changed, changeTracking: true });
  await profile.expectEqualSides();
}, 180_000);

test('a column that gets another type stops its table alone, and goes on when that is taken back', async () => {
  await schema({ table: changed, addColumn: 'new_x string length=50; X' });
  const column = `SELECT 1 FROM information_schema.columns WHERE table_name = '${changed}' AND column_name = 'new_x'`;
  await change(changed);
  await expect.poll(() => inDatabase(platform(), column), soon).toHaveLength(1);
  await schema({ table: changed, dropColumn: 'new_x' });
  await schema({ table: changed, addColumn: 'new_x boolean; X' });
  await change(changed);
  await expectStandstill(/"new_x"/);
  await schema({ table: changed, dropColumn: 'new_x' });
  await profile.expectEqualSides();
}, 180_000);

test('a table that is removed stands still alone, and is loaded again when there is one of its name', async () => {
  await schema({ table: changed, removeTable: true });
  await expectStandstill(
    /Dataverse answered 404 .*; the table must exist\. Remove the table from the profile, or create/,
  );
  await make(changed, 30);
  await profile.expectEqualSides();
}, 180_000);
