import { beforeAll, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import type { Failure, FailureState } from '../../shared/model/failure.ts';
import { aFailure, anEntry } from '../contracts/failures.ts';
import { userToken } from './callers.ts';
import { exporterClient } from './exporter-client.ts';
import { localStorage } from './local-storage.ts';
import { organizationRows } from './organization-rows.ts';
import { inDatabase, runningPlatform } from './running-platform.ts';

const templates = {
  reporting: {
    tables: ['account'],
    destination: { type: 'PostgreSql' },
    retryPolicy: { maxRetryCount: 1, intervalSeconds: 1 },
  },
};
const platform = runningPlatform({
  PROFILE_TEMPLATES: JSON.stringify(templates),
  INGEST_FAILURES_SCHEDULE: '*/2 * * * * *',
});
const soon = { timeout: 90_000, interval: 300 };

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is its own matter
  readonly body: any;
}

let token: string;
let profileId: string;

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(`${platform().addresses.app}/automation/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** The operation that the address in an answer leads to, when it is over. */
async function ended({ status, headers }: Answered) {
  expect(status).toBe(202);
  const path = (headers.get('location') ?? '').replace('/automation/', '');
  await expect.poll(async () => (await call('GET', path)).body.state, soon).toMatch(/succeeded|failed/);
  return (await call('GET', path)).body;
}

const ledger = () => failureLedger(localStorage(platform()));

async function putFailures(count: number, state: FailureState, change: Partial<Failure> = {}) {
  const failures = Array.from({ length: count }, () => ({
    ...aFailure(profileId, anEntry({ entity: 'contact' })),
    ...{ organizationId, state },
    ...change,
  }));
  await ledger().add(failures);
  return failures;
}

const form = (name: string) => ({
  template: 'reporting',
  organization: platform().addresses.dataverse,
  name,
  destination: { keyVaultUri: `${platform().addresses.keyvault}/secrets/reporting` },
});

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
});

test('a profile that was created by one call is loaded, and the same key is the same operation', async () => {
  const operation = await ended(
    await call('POST', 'profiles', form('By one call'), { 'Idempotency-Key': 'one' }),
  );
  expect(operation).toMatchObject({ state: 'succeeded', message: 'The profile was created and is active.' });
  profileId = operation.profileId;
  const exporter = await exporterClient(platform().addresses);
  await expect
    .poll(async () => (await exporter.get(profileId)).Entities[0]?.Status, soon)
    .toMatchObject({ InitialSyncState: 'Completed' });
  const again = await call('POST', 'profiles', form('By one call'), { 'Idempotency-Key': 'one' });
  expect(again.body).toMatchObject({ state: 'succeeded', profileId });
  const other = await call('POST', 'profiles', form('Another'), { 'Idempotency-Key': 'one' });
  expect([other.status, other.body.ErrorCode]).toEqual([400, 'REQUEST_INVALID']);
  for (const kind of ['deactivate', 'activate']) {
    expect(await ended(await call('POST', `profiles/${profileId}/${kind}`))).toMatchObject({
      state: 'succeeded',
    });
    expect((await exporter.get(profileId)).State).toBe(kind === 'activate' ? 1 : 0);
  }
});

test('what is wrong with a form is told at once, and what the exporter refuses in its words', async () => {
  const wrong = await call('POST', 'profiles', {
    template: 'none',
    organization: organizationId,
    tables: [],
    colour: 1,
  });
  expect(wrong.status).toBe(400);
  for (const words of [
    'tables must have at least 1',
    '"colour"',
    'template must be one of reporting',
    'name is missing',
    'destination.keyVaultUri is missing',
  ])
    expect(wrong.body.Message).toContain(words);
  const refused = await ended(
    await call('POST', 'profiles', { ...form('Nowhere'), tables: ['nowhere', 'nothing'] }),
  );
  expect(refused).toMatchObject({ state: 'failed' });
  expect(refused.message).toMatch(/nowhere[\s\S]*nothing/);
});

test('250 failures are listed page by page, each once, and read with their life', async () => {
  const failures = await putFailures(250, 'needs-attention');
  const seen: string[] = [];
  let continuation: string | undefined;
  do {
    const more: string = continuation === undefined ? '' : `&continuation=${continuation}`;
    const { body } = await call('GET', `failures?profileId=${profileId}&table=contact&limit=60${more}`);
    seen.push(...body.items.map(({ id }: Failure) => id));
    expect(body.items[0]).not.toHaveProperty('history');
    continuation = body.continuation;
  } while (continuation !== undefined);
  expect(seen).toEqual(failures.map(({ id }) => id).sort());
  const everywhere = await call('GET', 'failures?limit=1000&state=needs-attention');
  expect(everywhere.body.items).toHaveLength(250);
  const one = await call('GET', `profiles/${profileId}/failures/${encodeURIComponent(seen[0] ?? '')}`);
  expect(one.body).toMatchObject({ id: seen[0], history: [] });
  expect((await call('GET', `profiles/${profileId}/failures/none`)).body.ErrorCode).toBe('FAILURE_NOT_FOUND');
  expect((await call('GET', 'failures?stat=new&limit=0')).body.Message).toMatch(/limit.*"stat"/);
  expect((await call('GET', 'failures?continuation=x')).status).toBe(400);
});

test('failures are counted by a rehearsal, ignored and taken up again', async () => {
  const selection = { profileId, table: 'contact', state: 'needs-attention' };
  const preview = await call('POST', 'failures/ignore', { ...selection, reason: 'Tests', dryRun: true });
  expect([preview.status, preview.body]).toEqual([
    200,
    {
      rows: 250,
      failures: 250,
      byState: { 'needs-attention': 250 },
      byCause: { unknown: 250 },
      byTable: { contact: 250 },
    },
  ]);
  const ignored = await ended(await call('POST', 'failures/ignore', { ...selection, reason: 'Tests' }));
  expect(ignored).toMatchObject({ state: 'succeeded', rows: { ignored: 250 } });
  const some = { profileId, table: 'contact', state: 'ignored' };
  const [first] = (await call('GET', `failures?${new URLSearchParams(some)}&limit=1`)).body.items;
  expect(first).toMatchObject({ note: 'A person said so: Tests' });
  const retried = await ended(await call('POST', 'failures/retry', { profileId, failureIds: [first.id] }));
  expect(retried).toMatchObject({ state: 'succeeded', rows: { waiting: 1 } });
});

test('an ETag spares an answer that has not changed', async () => {
  const path = `failures?profileId=${profileId}&state=ignored`;
  const first = await call('GET', path);
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]+"$/);
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  const same = await call('GET', path, undefined, { 'If-None-Match': `"other", ${tag}` });
  expect([same.status, same.body]).toEqual([304, undefined]);
  const document = await fetch(`${platform().addresses.app}/automation/openapi.json`);
  expect(await document.json()).toMatchObject({ openapi: '3.1.0' });
  const unknown = await call('DELETE', 'profiles');
  expect([unknown.status, unknown.body.Message]).toEqual([404, expect.stringContaining('allowed is POST')]);
});

test('rows are written again at a word, and the operation tells that they have arrived', async () => {
  await inDatabase(
    platform(),
    'ALTER TABLE dbo.account ADD CONSTRAINT modest CHECK (revenue < 1e9) NOT VALID',
  );
  const rows = await organizationRows(platform());
  const ids = await rows.accountIds(3);
  for (const id of ids) await rows.changeAccount(id, { revenue: 2e9 });
  const list = async () =>
    (await call('GET', `failures?profileId=${profileId}&table=account`)).body.items as Failure[];
  await expect
    .poll(async () => [...new Set((await list()).map(({ recordId }) => recordId))].sort(), {
      ...soon,
      timeout: 150_000,
    })
    .toEqual([...ids].sort());
  await inDatabase(platform(), 'ALTER TABLE dbo.account DROP CONSTRAINT modest');
  const operation = await ended(await call('POST', 'failures/retouch', { profileId, table: 'account' }));
  expect(operation).toMatchObject({ state: 'succeeded', rows: { healed: 3 }, message: 'Rows: 3 healed.' });
  const { body } = await call('GET', 'operations?limit=2');
  expect(body.items[0].id).toBe(operation.id);
  expect(body.continuation).toBeDefined();
});
