import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { QueueClient } from '@azure/storage-queue';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Program, startProgram } from '../../local/platform/start-program.ts';
import { organizationId } from '../../local/sign-ins.ts';
import { storageConnectionString } from '../../local/storage/start-storage.ts';
import { userToken } from './callers.ts';
import { differencesOf } from './compare-tables.ts';
import type { ProfileAnswer } from './exporter-client.ts';
import { profileBody, runningPlatform, simulator } from './running-platform.ts';

const rounds = 40;
const tables = ['account', 'contact', 'team'] as const;
const platform = runningPlatform(
  { PAGE_SIZE: '50', WORK_ITEM_SECONDS: '3', WATCHDOG_GRACE_SECONDS: '8' },
  { rows: 3000, queueLeaseSeconds: 1 },
);
let second: Program | undefined;
let token: string;

const startSecond = () =>
  startProgram({
    name: 'second app',
    file: fileURLToPath(new URL('../../local/host/main.ts', import.meta.url)),
    args: ['--port', '0', '--queue-lease-seconds', '1'],
    environment: platform().environment,
  });

type Answer = ProfileAnswer & { readonly Version: string; readonly Message?: string };

/** A call of whichever instance. */
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer }> {
  const { app } = platform().addresses;
  const response = await fetch(
    `${second && Math.random() < 0.5 ? second.url : app}/crm/exporter/profiles${path}`,
    {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
  );
  const text = await response.text();
  const answer = { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  expect([method, path, answer]).toEqual([
    method,
    path,
    { ...answer, status: expect.toBeOneOf([200, 400, 404, 412]) },
  ]);
  return answer;
}

const pick = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T;
const someTables = () => {
  const some = tables.filter(() => Math.random() < 0.6);
  return some.length > 0 ? some : [pick(tables)];
};

/** What a client does with one of two profiles that are in each other's way: most tables only one of them may name. */
async function act(name: string, ids: Map<string, string>): Promise<void> {
  const id = ids.get(name);
  const Entities = someTables().map((Type) => ({ Type }));
  if (id === undefined) {
    const body = profileBody(platform(), [], { Name: name, Entities, DestinationPrefix: 'two' });
    const { status, body: made } = await call('POST', '', body);
    if (status === 200) ids.set(name, made.Id);
    return;
  }
  const path = `/${id}`;
  const step = pick([
    'activate',
    'activate',
    'activatemetadata',
    'activatedata',
    'deactivate',
    'PUT',
    'PUT',
    'DELETE',
  ]);
  if (step === 'DELETE') {
    await Promise.all([call('DELETE', path), call('DELETE', path)]);
    ids.delete(name);
  } else if (step === 'PUT') {
    const { body } = await call('GET', path);
    await Promise.all([call('PUT', path, { ...body, Entities }), call('POST', `${path}/activate`)]);
  } else await Promise.all([call('POST', `${path}/${step}`), call('GET', `${path}?status=true`)]);
}

async function turnsUnderWay(): Promise<number> {
  const { blob, queue, table } = platform().addresses;
  const client = new QueueClient(storageConnectionString([blob, queue, table].join(',')), 'sync-table');
  return (await client.getProperties()).approximateMessagesCount ?? -1;
}

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
  second = await startSecond();
});
afterAll(() => second?.stop());

test('two instances of the app, one of them killed again and again, bring any life of two profiles to a good end', async () => {
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 20, tables });
  const ids = new Map<string, string>();
  const soon = { timeout: 90_000, interval: 500 };
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all([act('One', ids), act('Other', ids)]);
    if (round % 10 === 9) {
      second?.kill('SIGKILL');
      await second?.exited;
      second = await startSecond();
    }
    await sleep(Math.random() * 800);
  }
  await simulator(platform(), 'POST', '/workload', { changesPerSecond: 0 });

  for (const [, id] of ids) await call('DELETE', `/${id}`);
  await expect.poll(turnsUnderWay, soon).toBe(0);
  const body = profileBody(platform(), tables, { Name: 'One', DestinationPrefix: 'two' });
  const { body: last } = await call('POST', '', body);
  await call('POST', `/${last.Id}/activate`);
  const states = async () =>
    (await call('GET', `/${last.Id}?status=true`)).body.Entities.map(
      ({ Status }) => Status?.InitialSyncState,
    );
  await expect.poll(states, soon).toEqual(tables.map(() => 'Completed'));
  const { dataverse, entra, database } = platform().addresses;
  const sides = { dataverse, entra, database, organizationId, prefix: 'two' };
  for (const table of tables) await expect.poll(() => differencesOf(table, sides), soon).toEqual([]);
  await expect.poll(turnsUnderWay, soon).toBe(tables.length);
  await call('DELETE', `/${last.Id}`);
  await expect.poll(turnsUnderWay, soon).toBe(0);
}, 300_000);
