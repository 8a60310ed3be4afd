import { odata, TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { storageConnectionString } from '../../local/storage/start-storage.ts';
import { userToken } from './callers.ts';
import { differencesOf } from './compare-tables.ts';
import type { ProfileAnswer } from './exporter-client.ts';
import { inDatabase, profileBody, runningPlatform, simulator } from './running-platform.ts';

const pageSize = 50;
const platform = runningPlatform({ PAGE_SIZE: String(pageSize) }, { rows: 4000 });
const soon = { timeout: 90_000, interval: 200 };
let token: string;
let count = 0;

interface Answer {
  readonly status: number;
  readonly body: ProfileAnswer & { readonly Version: string; readonly ErrorCode?: string };
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${platform().addresses.app}/crm/exporter/profiles${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

async function succeed(...request: Parameters<typeof call>): Promise<Answer['body']> {
  const { status, body } = await call(...request);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

/** A stored profile in a place of its own, and what a test asks of it. */
async function storedProfile(tables: readonly string[], differences: object = {}) {
  count += 1;
  const prefix = `life${count}`;
  const body = profileBody(platform(), tables, {
    Name: `Life ${count}`,
    DestinationPrefix: prefix,
    ...differences,
  });
  const { Id: id } = await succeed('POST', '', body);
  const { dataverse, entra, database } = platform().addresses;
  const sides = { dataverse, entra, database, organizationId, prefix };
  const get = () => succeed('GET', `/${id}?status=true`);
  return {
    id,
    body,
    get,
    post: (step: string) => succeed('POST', `/${id}/${step}`),
    /** Sends the document as it is now, with other tables. */
    putTables: async (...names: string[]) =>
      succeed('PUT', `/${id}`, { ...(await get()), Entities: names.map((Type) => ({ Type })) }),
    states: async () =>
      Object.fromEntries((await get()).Entities.map(({ Type, Status }) => [Type, Status?.InitialSyncState])),
    rows: (table: string) => rowsOf(`${prefix}_${table}`),
    differences: (table: string) => differencesOf(table, sides),
  };
}
type Stored = Awaited<ReturnType<typeof storedProfile>>;

/** Rows of a table in the database; undefined when there is no table. */
async function rowsOf(table: string): Promise<number | undefined> {
  const name = `dbo."${table}"`;
  const [found] = await inDatabase<{ exists: boolean }>(
    platform(),
    `SELECT to_regclass('${name}') IS NOT NULL AS exists`,
  );
  if (!found?.exists) return undefined;
  const [counted] = await inDatabase<{ rows: number }>(
    platform(),
    `SELECT count(*)::int AS rows FROM ${name}`,
  );
  return counted?.rows;
}

const storage = () => {
  const { blob, queue, table } = platform().addresses;
  return storageConnectionString([blob, queue, table].join(','));
};

/** Messages of turns, those that are being worked on among them. */
async function turnsUnderWay(): Promise<number> {
  const { approximateMessagesCount = -1 } = await new QueueClient(storage(), 'sync-table').getProperties();
  return approximateMessagesCount;
}

/** Those with all columns; the pass that only counts stays quick. */
const slowPages = () =>
  simulator(platform(), 'POST', '/faults', {
    route: '*/accounts?*emailaddress1*',
    kind: 'slow',
    count: 100_000,
    milliseconds: 700,
  });
const quickPages = () => simulator(platform(), 'DELETE', '/faults');

/** A profile whose accounts are being loaded, page after slow page. */
async function loadingProfile(tables: readonly string[] = ['account']): Promise<Stored> {
  const profile = await storedProfile(tables);
  await slowPages();
  await profile.post('activate');
  await expect.poll(() => profile.rows('account'), soon).toBeGreaterThan(0);
  return profile;
}

/** Does it in the middle of a load, waits until no turn is under way, and expects that at most one page was written. */
async function expectStop(profile: Stored, act: () => Promise<unknown>): Promise<void> {
  await act();
  const before = (await profile.rows('account')) ?? 0;
  await expect.poll(turnsUnderWay, soon).toBe(0);
  const after = (await profile.rows('account')) ?? 0;
  expect(after - before).toBeLessThanOrEqual(pageSize);
  expect(after).toBeLessThan(900);
}

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
});

afterEach(async () => {
  await quickPages();
  for (const { Id } of (await succeed(
    'GET',
    `?organizationId=${organizationId}`,
  )) as unknown as ProfileAnswer[])
    await succeed('DELETE', `/${Id}`);
  await expect.poll(turnsUnderWay, soon).toBe(0);
});

describe('in the middle of a load', () => {
  test('a deleted profile stops within a page; its name and place are free at once, and its rows stay', async () => {
    const profile = await loadingProfile();
    await expectStop(profile, () => succeed('DELETE', `/${profile.id}`));
    expect((await call('GET', `/${profile.id}`)).status).toBe(404);
    expect(await profile.rows('account')).toBeGreaterThan(0);
    await quickPages();
    const { Id } = await succeed('POST', '', profile.body);
    await succeed('POST', `/${Id}/activate`);
    await expect.poll(() => profile.differences('account'), soon).toEqual([]);
  }, 120_000);

  test('a deactivated profile stops within a page, and loads the rest when it is activated again', async () => {
    const profile = await loadingProfile();
    await expectStop(profile, () => profile.post('deactivate'));
    await quickPages();
    await profile.post('activate');
    await expect.poll(profile.states, soon).toEqual({ account: 'Completed' });
    expect(await profile.differences('account')).toEqual([]);
  }, 120_000);

  test('a table that is taken out stops, one that is added waits, and both are exported when they are activated', async () => {
    const profile = await loadingProfile(['account', 'team']);
    await expect.poll(profile.states, soon).toMatchObject({ team: 'Completed' });
    await profile.putTables('team', 'contact');
    const before = (await profile.rows('account')) ?? 0;
    // Only the turn of the team is left, which waits for its time.
    await expect.poll(turnsUnderWay, soon).toBe(1);
    expect(((await profile.rows('account')) ?? 0) - before).toBeLessThanOrEqual(pageSize);
    expect(await profile.states()).toEqual({ team: 'Completed', contact: 'NotStarted' });
    expect(await profile.rows('contact')).toBeUndefined();
    await quickPages();
    await profile.post('activatedata');
    await expect.poll(profile.states, soon).toEqual({ team: 'Completed', contact: 'Completed' });
    await profile.putTables('team', 'contact', 'account');
    expect(await profile.states()).toMatchObject({ team: 'Completed', account: 'NotStarted' });
    await profile.post('activate');
    await expect.poll(profile.states, soon).toMatchObject({ account: 'Completed' });
    for (const table of ['account', 'contact', 'team']) expect(await profile.differences(table)).toEqual([]);
  }, 120_000);
});

test('tables are made first and loaded later', async () => {
  const profile = await storedProfile(['account', 'team']);
  expect(await profile.post('activatemetadata')).toMatchObject({ State: 1 });
  const made = async () => (await profile.get()).Entities.map(({ Status }) => Status);
  const isMade = expect.objectContaining({ EntityMetadataState: 'Created', InitialSyncState: 'NotStarted' });
  await expect.poll(made, soon).toEqual([isMade, isMade]);
  expect([await profile.rows('account'), await profile.rows('team')]).toEqual([0, 0]);
  expect(await profile.post('activatemetadata')).toMatchObject({ State: 1 });
  expect(await profile.post('activatedata')).toMatchObject({ State: 1 });
  await expect.poll(profile.states, soon).toEqual({ account: 'Completed', team: 'Completed' });
  expect(await profile.post('activatemetadata')).toMatchObject({ State: 1 });
  expect(await profile.states()).toEqual({ account: 'Completed', team: 'Completed' });
  expect(await profile.differences('team')).toEqual([]);
});

test('of updates of one version at the same moment one is taken, the others are told', async () => {
  const profile = await storedProfile(['team']);
  const document = await profile.get();
  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((each) => call('PUT', `/${profile.id}`, { ...document, Name: `Race ${each}` })),
  );
  const refused = answers.filter(({ status }) => status !== 200);
  expect(answers.length - refused.length).toBe(1);
  expect(refused.map(({ status, body }) => [status, body.ErrorCode])).toEqual(
    Array(5).fill([412, 'PROFILE_CHANGED']),
  );
  expect((await profile.get()).Version).toBe('2');
});

test.each([
  ['reporting-untagged', 400, 'SECRET_TAG_MISSING', 0],
  ['nowhere', 400, 'SECRET_NOT_FOUND', 0],
  ['unreachable', 200, undefined, 1],
])('an activation with the secret "%s" is answered %s', async (secret, status, code, state) => {
  const { keyvault } = platform().addresses;
  const profile = await storedProfile(['team'], { DestinationKeyVaultUri: `${keyvault}/secrets/${secret}` });
  const answer = await call('POST', `/${profile.id}/activate`);
  expect([answer.status, answer.body.ErrorCode]).toEqual([status, code]);
  expect((await profile.get()).State).toBe(state);
});

test('whichever comes first of two deletes and an activation, nothing of the profile is left', async () => {
  const states = TableClient.fromConnectionString(storage(), 'SyncStates', { allowInsecureConnection: true });
  for (let round = 0; round < 8; round += 1) {
    const { id } = await storedProfile(['team', 'businessunit']);
    const steps = [call('DELETE', `/${id}`), call('POST', `/${id}/activate`), call('DELETE', `/${id}`)];
    const [first, activated, second] = (await Promise.all(steps)).map(({ status }) => status);
    expect([first, second]).toContain(200);
    for (const status of [first, activated, second]) expect([200, 404]).toContain(status);
    expect((await call('GET', `/${id}`)).status).toBe(404);
    const left: unknown[] = [];
    for await (const row of states.listEntities({ queryOptions: { filter: odata`PartitionKey eq ${id}` } }))
      left.push(row);
    expect(left).toEqual([]);
  }
});
