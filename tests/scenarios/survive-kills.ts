import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Platform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';
import { inDatabase, profileBody, simulator } from './running-platform.ts';

/** How often the app is killed, and what it is at. */
export interface Kills {
  readonly schema: string;
  readonly tables: readonly string[];
  /** In all, at least. */
  readonly kills: number;
  readonly killsInLoad: number;
  readonly killsInDelta: number;
  readonly changesPerSecond: number;
  /** For each thing that is waited for. */
  readonly patienceMilliseconds: number;
}

/** Small pages make many places to be killed at, and a killed app's messages come back soon. */
export const manyPlaces = { PAGE_SIZE: '200', WORK_ITEM_SECONDS: '4', WATCHDOG_GRACE_SECONDS: '8' };

interface Place {
  readonly phases: readonly string[];
  /** Moves with every page of any table. */
  readonly mark: string;
}

async function placeNow(platform: Platform, schema: string): Promise<Place> {
  // The table is there after the first turn only.
  const rows = await inDatabase<{ Phase: string; Epoch: string; Sequence: string }>(
    platform,
    `SELECT "Phase", "Epoch", "Sequence" FROM ${schema}."ReplicationCheckpoint" ORDER BY "TableName"`,
  ).catch(() => []);
  return {
    phases: rows.map(({ Phase }) => Phase),
    mark: rows.map(({ Epoch, Sequence }) => `${Epoch}.${Sequence}`).join(' '),
  };
}

/** Waits until the app has moved on, then kills it at a random moment; tells the phases that the tables were in. */
async function killAtWork(
  platform: Platform,
  { schema, patienceMilliseconds: timeout }: Kills,
): Promise<readonly string[]> {
  const before = await placeNow(platform, schema);
  await expect
    .poll(async () => (await placeNow(platform, schema)).mark, { timeout, interval: 30 })
    .not.toBe(before.mark);
  await sleep(Math.random() * 600);
  platform.kill('app', 'SIGKILL');
  const { phases } = await placeNow(platform, schema);
  await platform.restart('app');
  return phases;
}

async function allDifferences(
  { addresses }: Platform,
  schema: string,
  tables: readonly string[],
): Promise<readonly string[]> {
  const lists: (readonly string[])[] = [];
  for (const table of tables)
    lists.push(await differencesOf(table, { ...addresses, schema, organizationId }));
  return lists.flat();
}

/**
 * Replicates under a live workload, kills the app at random moments, and expects both sides to be equal in the end, with a
 * line in the delete log or more.
 */
export async function surviveKills(platform: Platform, wanted: Kills): Promise<void> {
  const { schema, tables, patienceMilliseconds: timeout } = wanted;
  const exporter = await exporterClient(platform.addresses);
  const profile = await exporter.create(profileBody(platform, tables, { DestinationSchemaName: schema }));
  await exporter.activate(profile.Id);
  await simulator(platform, 'POST', '/workload', { changesPerSecond: wanted.changesPerSecond, tables });
  let kills = 0;
  for (let inLoad = 0; inLoad < wanted.killsInLoad; kills++)
    if ((await killAtWork(platform, wanted)).includes('load')) inLoad++;
  const statesOf = async () =>
    (await exporter.get(profile.Id)).Entities.map((entity) => entity.Status?.InitialSyncState);
  await expect.poll(statesOf, { timeout, interval: 1000 }).toEqual(tables.map(() => 'Completed'));
  for (let left = Math.max(wanted.killsInDelta, wanted.kills - kills); left > 0; left -= 1)
    expect(new Set(await killAtWork(platform, wanted))).toEqual(new Set(['delta']));
  await simulator(platform, 'POST', '/workload', { changesPerSecond: 0 });
  await expect.poll(() => allDifferences(platform, schema, tables), { timeout, interval: 3000 }).toEqual([]);
  const [log] = await inDatabase<{ deleted: string }>(
    platform,
    `SELECT count(*) AS "deleted" FROM ${schema}."DeleteLog"`,
  );
  expect(Number(log?.deleted)).toBeGreaterThan(0);
}
