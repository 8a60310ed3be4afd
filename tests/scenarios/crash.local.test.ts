import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, startPlatform } from '../../local/platform/start-platform.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';

const tables = ['account', 'contact', 'incident', 'email', 'activityparty', 'accountleads'];
const crashesWhileLoading = 12;
const crashesWhileFollowing = 18;

let platform: Platform;
let data: string;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'crash-'));
  platform = await startPlatform({
    portBase: await findFreePortBase(),
    data,
    rows: 12_000,
    from: 'sources',
    // Small pages make many places to be killed at.
    environment: { PAGE_SIZE: '150', WORK_ITEM_SECONDS: '4', WATCHDOG_GRACE_SECONDS: '8' },
  });
});

afterAll(async () => {
  await platform?.stop();
  rmSync(data, { recursive: true, force: true });
});

const simulator = async (path: string, body: object) => {
  const response = await fetch(`${platform.addresses.dataverse}/simulator/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new Error(`The simulator refused ${path}: ${response.status} ${await response.text()}`);
};

async function killAndRestart(longestMilliseconds: number): Promise<void> {
  await sleep(Math.random() * longestMilliseconds);
  platform.kill('app', 'SIGKILL');
  await platform.restart('app');
}

async function allDifferences(): Promise<readonly string[]> {
  const { dataverse, entra, database } = platform.addresses;
  const lists = [];
  for (const table of tables)
    lists.push(await differencesOf(table, { dataverse, entra, database, organizationId }));
  return lists.flat();
}

test('killing the app at 30 random moments loses, doubles and resurrects nothing', {
  timeout: 400_000,
}, async () => {
  const exporter = await exporterClient(platform.addresses);
  const profile = await exporter.create({
    Name: 'Crash',
    OrganizationId: organizationId,
    DestinationKeyVaultUri: `${platform.addresses.keyvault}/secrets/reporting`,
    DestinationType: 'PostgreSql',
    Entities: tables.map((Type) => ({ Type, Settings: {} })),
    RetryPolicy: { MaxRetryCount: 2, IntervalInSeconds: 1, Backoff: 'Simple' },
    WriteDeleteLog: true,
  });
  await exporter.activate(profile.Id);
  await simulator('workload', { changesPerSecond: 20, tables });
  for (let crash = 0; crash < crashesWhileLoading; crash += 1) await killAndRestart(1200);
  const statesOf = async () =>
    (await exporter.get(profile.Id)).Entities.map((entity) => entity.Status?.InitialSyncState);
  await expect.poll(statesOf, { timeout: 120_000, interval: 1000 }).toEqual(tables.map(() => 'Completed'));
  for (let crash = 0; crash < crashesWhileFollowing; crash += 1) await killAndRestart(2000);
  await simulator('workload', { changesPerSecond: 0 });
  await expect.poll(allDifferences, { timeout: 90_000, interval: 3000 }).toEqual([]);
});
