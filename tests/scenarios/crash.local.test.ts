import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from './callers.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';
import { inDatabase, profileBody, runningPlatform, simulator } from './running-platform.ts';

const tables = ['account', 'contact', 'incident', 'email', 'activityparty', 'accountleads'];
const kills = 30;
const killsInLoad = 8;
const killsInDelta = 10;

// Small pages make many places to be killed at, and a killed app's messages come back soon.
const platform = runningPlatform(
  { PAGE_SIZE: '200', WORK_ITEM_SECONDS: '4', WATCHDOG_GRACE_SECONDS: '8' },
  { rows: 24_000, queueLeaseSeconds: 1 },
);

interface Place {
  readonly phases: readonly string[];
  /** Moves with every page of any table. */
  readonly mark: string;
}

async function placeNow(): Promise<Place> {
  const exists = await inDatabase<{ found: boolean }>(
    platform(),
    `SELECT to_regclass('dbo."ReplicationCheckpoint"') IS NOT NULL AS found`,
  );
  if (!exists[0]?.found) return { phases: [], mark: '' };
  const rows = await inDatabase<{ Phase: string; Epoch: string; Sequence: string }>(
    platform(),
    'SELECT "Phase", "Epoch", "Sequence" FROM dbo."ReplicationCheckpoint" ORDER BY "TableName"',
  );
  return {
    phases: rows.map(({ Phase }) => Phase),
    mark: rows.map(({ Epoch, Sequence }) => `${Epoch}.${Sequence}`).join(' '),
  };
}

/** Waits until the app has moved on, then kills it at a random moment; tells the phases that the tables were in. */
async function killAtWork(): Promise<readonly string[]> {
  const before = await placeNow();
  await expect
    .poll(async () => (await placeNow()).mark, { timeout: 90_000, interval: 30 })
    .not.toBe(before.mark);
  await sleep(Math.random() * 600);
  platform().kill('app', 'SIGKILL');
  const { phases } = await placeNow();
  await platform().restart('app');
  return phases;
}

async function allDifferences(): Promise<readonly string[]> {
  const { dataverse, entra, database } = platform().addresses;
  const lists: (readonly string[])[] = [];
  for (const table of tables)
    lists.push(await differencesOf(table, { dataverse, entra, database, organizationId }));
  return lists.flat();
}

/** Some values as they stand in the answer's raw text and in the database, without any of the product's code between. */
async function rawDifferences(): Promise<readonly string[]> {
  const { dataverse, entra } = platform().addresses;
  const authorization = `Bearer ${await userToken(entra, 'admin', { resource: dataverse })}`;
  const columns = ['versionnumber', 'revenue', 'exchangerate', 'statecode', 'createdon', '_ownerid_value'];
  const answer = await fetch(
    `${dataverse}/api/data/v9.2/accounts?$select=${columns.join(',')}&$filter=revenue ne null&$top=100`,
    { headers: { authorization } },
  );
  const rows = [...(await answer.text()).matchAll(/\{"@odata\.etag"[^{}]*\}/g)].map(([text]) => {
    const literal = (name: string) => new RegExp(`"${name}": ?"?([^",}]*)"?`).exec(text)?.[1];
    return { id: literal('accountid'), values: columns.map(literal) };
  });
  expect(rows.length).toBeGreaterThan(50);
  const ids = rows.map(({ id }) => `'${id}'`).join(',');
  const stored = await inDatabase<{ id: string; values: string[] }>(
    platform(),
    `SELECT "Id" AS id, ARRAY[versionnumber::text, trim_scale(revenue)::text, trim_scale(exchangerate)::text, statecode::text,
       to_char(createdon, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ownerid::text] AS values FROM dbo.account WHERE "Id" IN (${ids})`,
  );
  const storedById = new Map(stored.map(({ id, values }) => [id, values.join(' ')]));
  const plain = (value: string | undefined) => (value?.includes('.') ? value.replace(/\.?0+$/, '') : value);
  return rows
    .map(({ id, values }) => ({ id, expected: values.map(plain).join(' '), found: storedById.get(id ?? '') }))
    .filter(({ expected, found }) => expected !== found)
    .map(({ id, expected, found }) => `${id}: ${found}, expected ${expected}`);
}

test(`killing the app at ${kills} random moments or more loses, doubles and resurrects nothing`, {
  timeout: 400_000,
}, async () => {
  const exporter = await exporterClient(platform().addresses);
  const profile = await exporter.create(profileBody(platform(), tables));
  await exporter.activate(profile.Id);
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 20, tables });
  const seen: (readonly string[])[] = [];
  const seenIn = (phase: string) => seen.filter((phases) => phases.includes(phase)).length;
  while (seenIn('load') < killsInLoad) seen.push(await killAtWork());
  const statesOf = async () =>
    (await exporter.get(profile.Id)).Entities.map((entity) => entity.Status?.InitialSyncState);
  await expect.poll(statesOf, { timeout: 120_000, interval: 1000 }).toEqual(tables.map(() => 'Completed'));
  for (let left = Math.max(killsInDelta, kills - seen.length); left > 0; left -= 1) {
    const phases = await killAtWork();
    expect(new Set(phases)).toEqual(new Set(['delta']));
    seen.push(phases);
  }
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 0 });
  await expect.poll(allDifferences, { timeout: 90_000, interval: 3000 }).toEqual([]);
  expect(await rawDifferences()).toEqual([]);
  const [log] = await inDatabase<{ deleted: string }>(
    platform(),
    'SELECT count(*) AS deleted FROM dbo."DeleteLog"',
  );
  expect(Number(log?.deleted)).toBeGreaterThan(0);
});
