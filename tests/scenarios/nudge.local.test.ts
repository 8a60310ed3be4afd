import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, test } from 'vitest';
import { countingProxy } from '../../bench/counting-proxy.ts';
import { dataverseWebhookKey } from '../../local/keyvault/sample-secrets.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { profileStore } from '../../shared/adapters/storage/profile-store.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../../shared/adapters/storage/sync-states.ts';
import { workQueues } from '../../shared/adapters/storage/work-queues.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import { newSyncState } from '../../shared/model/sync-state.ts';
import { type NudgePorts, tableNudges } from '../../shared/sync/nudge-table.ts';
import { userToken } from './callers.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { profile } from './replication-world.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({
  DELTA_INTERVAL_SECONDS: '120',
  DELTA_MAX_INTERVAL_SECONDS: '300',
  WATCHDOG_GRACE_SECONDS: '600',
});

const call = (headers: Record<string, string>, body = '', query = '') =>
  fetch(`${platform().addresses.app}/webhooks/dataverse${query}`, { method: 'POST', headers, body });

test('of a table that is asked every two minutes, a change arrives some two seconds after the webhook', async () => {
  const { app, dataverse, entra } = platform().addresses;
  await replicatingProfile(platform(), ['account'], 'nudge');
  await sleep(1500);
  await simulator(platform(), 'POST', '/webhooks', {
    ...{ url: `${app}/webhooks/dataverse`, authType: 'HttpHeader', name: 'x-dataverse-export-key' },
    ...{ value: dataverseWebhookKey, tables: ['account'] },
  });
  const token = await userToken(entra, 'admin', { resource: dataverse });
  const milliseconds: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const accountid = randomUUID();
    const { status } = await fetch(`${dataverse}/api/data/v9.2/accounts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ accountid, name: `Nudged ${n}` }),
    });
    expect(status).toBe(204);
    const startedAt = performance.now();
    const found = () =>
      inDatabase(platform(), `SELECT 1 FROM dbo."nudge_account" WHERE "Id" = '${accountid}'`);
    await expect.poll(found, { timeout: 30_000, interval: 100 }).toHaveLength(1);
    milliseconds.push(Math.round(performance.now() - startedAt));
    await sleep(1500);
  }
  console.info(`from change to row, with nudges: ${milliseconds.join(', ')} ms`);
  // The queue is looked at every two seconds; a busy machine adds to that. Without the nudge it is two minutes.
  expect(Math.max(...milliseconds)).toBeLessThan(15_000);
}, 180_000);

test('the route takes the key in either place, and long bodies, and refuses everybody else', async () => {
  const key = { 'x-dataverse-export-key': dataverseWebhookKey };
  const body = JSON.stringify({ OrganizationId: organizationId, PrimaryEntityName: 'account' });
  const message = async (answer: Response) => [
    answer.status,
    ((await answer.json()) as { message?: string }).message,
  ];
  expect(await message(await call(key, body))).toEqual([200, 'The table is read soon.']);
  expect(await message(await call({}, body, `?code=${dataverseWebhookKey}`))).toEqual([
    200,
    'The table is read soon.',
  ]);
  const told = {
    'x-ms-dynamics-organization': new URL(platform().addresses.dataverse).host,
    'x-ms-dynamics-entity-name': 'account',
  };
  expect(await message(await call({ ...key, ...told }, 'x'.repeat(5_000_000)))).toEqual([
    200,
    'The table is read soon.',
  ]);
  expect(await message(await call({ ...key, ...told, 'x-ms-dynamics-entity-name': 'lead' }))).toEqual([
    200,
    'No active profile exports the table: nothing was done.',
  ]);
  for (const refused of [await call({}, body), await call({ 'x-dataverse-export-key': 'x' }, body)])
    expect(refused.status).toBe(401);
});

test('1,000 nudges of one table in five seconds cost a handful of requests to the storage', async () => {
  const connection = inject('storage');
  const [tables, queues] = await Promise.all(
    ['TableEndpoint', 'QueueEndpoint'].map(async (name) => {
      const endpoint = new RegExp(`${name}=([^;]+)`).exec(connection)?.[1] ?? '';
      const proxy = await countingProxy(new URL(endpoint).origin);
      return { endpoint, proxy, via: endpoint.replace(/:\d+\//, `:${proxy.port}/`) };
    }),
  );
  if (!tables || !queues) throw new Error('The storage has no such endpoint.');
  const connectionString = connection
    .replace(tables.endpoint, tables.via)
    .replace(queues.endpoint, queues.via);
  const account = storageAccount({ connectionString }, { info() {}, warn() {}, error() {} });
  const one = { ...profile, id: randomUUID(), organizationId: randomUUID(), name: randomUUID() };
  const ports: NudgePorts = {
    profiles: profileStore(account),
    syncStates: syncStates(account),
    // Nobody is to take it from the queue of that name, which others use.
    queues: { ...workQueues(account), syncTable: { send: async () => {} } },
    clock: systemClock(),
    telemetry: { event() {}, metric() {} },
    options: {
      ...{ workItemSeconds: 240, deltaIntervalSeconds: 15, deltaMaxIntervalSeconds: 300 },
      ...{ nudgeGapSeconds: 5, watchdogGraceSeconds: 600 },
      comparison: { rows: 0, intervalSeconds: 3600, doubtSeconds: 600 },
    },
  };
  try {
    await ports.profiles.create(one);
    const dueAt = new Date(Date.now() + 300_000).toISOString();
    await ports.syncStates.update(one.id, 'account', () => newSyncState(one.id, 'account', 1, dueAt));
    const nudge = tableNudges(ports);
    const news = { table: 'account', organization: one.organizationId };
    await ports.profiles.listActive();
    const before = tables.proxy.count();
    const startedAt = performance.now();
    const answers: Promise<boolean>[] = [];
    for (let tick = 0; tick < 100; tick += 1) {
      for (let n = 0; n < 10; n += 1) answers.push(nudge(news));
      await sleep(Math.max(0, startedAt + (tick + 1) * 50 - performance.now()));
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    const count = tables.proxy.count() - before;
    console.info(
      `1,000 nudges in ${Math.round(performance.now() - startedAt)} ms: ${count} requests to tables`,
    );
    expect(count).toBeLessThan(15);
    expect(await ports.syncStates.get(one.id, 'account')).toMatchObject({ turn: 2, isNudged: true });
  } finally {
    await ports.profiles.remove(one.id);
    await ports.syncStates.remove(one.id);
    tables.proxy.close();
    queues.proxy.close();
  }
});
