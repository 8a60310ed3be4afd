import { beforeAll, describe, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { userToken } from './callers.ts';
import { headerValues, type RawAnswer, rawRequest } from './raw-request.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform();
const base = '/crm/exporter';
const json = { 'Content-Type': 'application/json; charset=utf-8' };
let token: string;
let count = 0;

beforeAll(async () => {
  token = await userToken(platform().addresses.entra, 'admin');
});

type Sent = { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer };
const send = (method: string, path: string, { headers = {}, ...sent }: Sent = {}) =>
  rawRequest(platform().addresses.app, method, path, {
    headers: { Authorization: `Bearer ${token}`, ...headers },
    ...sent,
  });

/** A description with a name and a prefix that no other test has. */
function description(differences: object = {}): object {
  count += 1;
  const own = { Name: `Contract ${count}`, DestinationPrefix: `c${count}` };
  return profileBody(platform(), ['account', 'team'], { ...own, ...differences });
}

const post = (path: string, body: unknown) =>
  send('POST', base + path, { headers: json, body: JSON.stringify(body) });

function successOf(answered: RawAnswer) {
  expect([answered.status, answered.status === 200 ? '' : answered.text]).toEqual([200, '']);
  if (answered.text === '') return undefined;
  expect(headerValues(answered, 'content-type')).toEqual(['application/json; charset=utf-8']);
  return JSON.parse(answered.text);
}

const create = async (differences: object = {}) =>
  successOf(await post('/profiles', description(differences)));

function expectError(answered: RawAnswer, status: number): { Message: string; ErrorCode: string } {
  const body = JSON.parse(answered.text);
  expect([answered.status, body]).toEqual([
    status,
    {
      CorrelationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ErrorCode: expect.stringMatching(/^[A-Z_]+$/),
      Message: expect.stringMatching(/^Cannot /),
      Details: expect.any(String),
      Parameters: expect.any(Array),
    },
  ]);
  expect(answered.text).not.toMatch(/\n\s+at |\.ts:\d/);
  return body;
}

describe('finding an organization', () => {
  const found = () => ({
    ConnectorUrl: platform().addresses.app,
    OrganizationId: organizationId,
    OrganizationName: expect.any(String),
    OrganizationUrl: `${platform().addresses.dataverse}/`,
  });

  test('the connector is a bare origin, the organization ends with a slash', async () => {
    expect(successOf(await send('GET', `${base}/metadata/organizations`))).toEqual([found()]);
    const query = `organizationUrl=${platform().addresses.dataverse}&organizationId=${organizationId}`;
    expect(successOf(await send('GET', `${base}/metadata/connector?${query}`))).toEqual({
      ConnectorUrl: platform().addresses.app,
    });
  });

  test('query names in any case, values escaped, unescaped or as forms, with and without slash, routes in any case', async () => {
    const origin = platform().addresses.dataverse;
    const values = [origin, `${origin}/`].flatMap((url) => [
      url,
      encodeURIComponent(url),
      encodeURIComponent(url).toLowerCase(),
      `+${new URLSearchParams({ url }).toString().slice(4)}+`,
    ]);
    for (const path of [
      `${base}/metadata/discover`,
      '/CRM/Exporter/Metadata/Discover',
      `${base}/metadata/discover/`,
    ])
      for (const name of ['organizationUrl', 'organizationurl', 'ORGANIZATIONURL'])
        for (const value of values)
          expect(successOf(await send('GET', `${path}?${name}=${value}`))).toEqual(found());
  });

  test('a GET may carry the content type of a form', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await send('GET', `${base}/aad/challenge`, { headers })).status).toBe(401);
    const query = `organizationurl=${platform().addresses.dataverse}`;
    const tables = successOf(await send('GET', `${base}/metadata/entities?${query}`, { headers }));
    expect(tables).toContainEqual({ DisplayName: 'Account', LogicalName: 'account' });
    const names = tables.map(({ LogicalName }: { LogicalName: string }) => LogicalName);
    for (const hidden of ['activitypointer', 'systemuserroles']) expect(names).not.toContain(hidden);
  });
});

describe('the life of a profile', () => {
  test('from validate to delete, always 200, with the declared JSON', async () => {
    const body = description({ Name: 'Whole life' });
    expect(successOf(await post('/profiles/validate', body))).toMatch(/^Profile "Whole life" passed\./);
    const created = successOf(await post('/profiles', body));
    const path = `${base}/profiles/${created.Id}`;
    expect(created).toMatchObject({
      ...body,
      Version: '1',
      State: 0,
      OrganizationUrl: `${platform().addresses.dataverse}/`,
      RetryPolicy: { MaxRetryCount: 1, IntervalInSeconds: 1, Backoff: 0 },
    });
    expect(created).not.toHaveProperty('Status');
    const status = (State: number) => ({ Id: created.Id, State });
    const lifeCycle = async (call: string) => successOf(await send('POST', `${path}/${call}`));
    for (const call of ['activate', 'activate']) expect(await lifeCycle(call)).toMatchObject(status(1));
    const polled = async () => successOf(await send('GET', `${path}?STATUS=True`));
    const states = async () =>
      (await polled()).Entities.map(
        ({ Status }: { Status: { InitialSyncState: string } }) => Status.InitialSyncState,
      );
    await expect.poll(states, { timeout: 30_000, interval: 500 }).toEqual(['Completed', 'Completed']);
    const details = await polled();
    expect(details).toMatchObject({ State: 1, Version: '1', Status: { InitialSyncState: 'Completed' } });
    expect(JSON.stringify(details)).not.toContain('null');
    const { rows } = await organizationRows();
    for (const { Type, Status } of details.Entities)
      expect([Type, Status.SuccessNotifications, Status.TotalNotifications]).toEqual([
        Type,
        rows[Type],
        rows[Type],
      ]);
    const list = `${base}/profiles?organizationId=${organizationId.toUpperCase()}&organizationUrl=ignored`;
    expect(successOf(await send('GET', `${list}&status=true`))).toContainEqual(await polled());
    expect(successOf(await send('GET', `${path}/test`))).toMatch(/^Profile "Whole life" passed\./);
    for (const call of ['deactivate', 'deactivate']) expect(await lifeCycle(call)).toMatchObject(status(0));
    expect(successOf(await send('DELETE', path))).toBeUndefined();
    for (const [method, rest] of [
      ['GET', ''],
      ['GET', '/failures'],
      ['POST', '/activate'],
      ['DELETE', ''],
    ] as const)
      expectError(await send(method, path + rest), 404);
    expect(successOf(await send('GET', list)).map(({ Id }: { Id: string }) => Id)).not.toContain(created.Id);
  });

  test('a profile can be deleted while it replicates, and made again at once in the same place', async () => {
    const body = description();
    for (let round = 0; round < 3; round += 1) {
      const { Id } = successOf(await post('/profiles', body));
      const activations = [1, 2, 3].map(() => send('POST', `${base}/profiles/${Id}/activate`));
      for (const answered of await Promise.all(activations))
        expect(successOf(answered)).toMatchObject({ State: 1 });
      const statuses = async () =>
        successOf(await send('GET', `${base}/profiles/${Id}?status=true`)).Entities.map(
          ({ Status }: { Status: object }) => Status,
        );
      const completed = expect.objectContaining({ InitialSyncState: 'Completed', FailureNotifications: 0 });
      if (round > 0)
        await expect.poll(statuses, { timeout: 30_000, interval: 500 }).toEqual([completed, completed]);
      expect((await send('DELETE', `${base}/profiles/${Id}`)).status).toBe(200);
    }
  }, 60_000);

  test('calls without a body work with every content type', async () => {
    const { Id } = await create();
    for (const headers of [
      { 'Content-Length': '0' },
      { ...json, 'Content-Length': '0' },
      { 'Content-Type': 'application/json' },
      { ...json, 'Transfer-Encoding': 'chunked' },
      { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '0' },
    ])
      for (const call of ['activate', 'deactivate'])
        expect(successOf(await send('POST', `${base}/profiles/${Id}/${call}`, { headers }))).toMatchObject({
          Id,
        });
  });

  test('a body may begin with a byte order mark, hold nulls and unknown members, and name its members in any case', async () => {
    const empty = { Id: null, Version: null, State: null, OrganizationUrl: null, Status: null, Extra: [1] };
    const entities = [{ Type: 'ACCOUNT', Settings: null, LogicalName: null, Object: { a: {} } }];
    const body = description({ ...empty, Entities: entities, RetryPolicy: null, WriteDeleteLog: null });
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(body))]);
    const created = successOf(await send('POST', `${base}/profiles`, { headers: json, body: marked }));
    expect(created).toMatchObject({
      Entities: [{ Type: 'account', Settings: {} }],
      RetryPolicy: { MaxRetryCount: 12, IntervalInSeconds: 5, Backoff: 0 },
      WriteDeleteLog: false,
    });
    const lower = Object.fromEntries(
      Object.entries(description()).map(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(successOf(await post('/profiles', lower))).toMatchObject({ Name: lower.name });
  });

  test('enumerations are taken as names in any case, numbers and numbers as text', async () => {
    const typeOf = async (DestinationType: unknown) => (await create({ DestinationType })).DestinationType;
    for (const sql of ['sqlazure', 'SQLAZURE', 'SqlServer', 1, '1', null])
      expect(await typeOf(sql)).toBe('SqlAzure');
    expect(await typeOf('postgresql')).toBe('PostgreSql');
    for (const Backoff of ['simple', 'SIMPLE', 0, '0'])
      expect((await create({ RetryPolicy: { Backoff } })).RetryPolicy.Backoff).toBe(0);
    for (const DestinationType of [4, '4', 'adls'])
      expectError(await post('/profiles', description({ DestinationType })), 400);
  });

  test('of two creates of one name at the same moment one wins, and delete frees the name at once', async () => {
    const bodies = [1, 2, 3, 4].map(() => description());
    const race = (name: string) =>
      Promise.all(bodies.map((body) => post('/profiles', { ...body, Name: name })));
    const answers = await race('Race');
    const [winner, ...others] = answers.filter(({ status }) => status === 200);
    expect(others).toEqual([]);
    for (const loser of answers.filter(({ status }) => status !== 200))
      expect(expectError(loser, 400).ErrorCode).toBe('PROFILE_NAME_TAKEN');
    expectError(await post('/profiles', description({ Name: ' rACE ' })), 400);
    const { Id } = successOf(winner as RawAnswer);
    expect((await send('DELETE', `${base}/profiles/${Id}`)).status).toBe(200);
    expect((await race('race')).filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('the failure link', () => {
  test('lists and reads the container of its profile, and nothing more', async () => {
    const { Id } = await create();
    const { Id: otherId } = await create();
    const linkOf = async (id: string) =>
      new URL(successOf(await send('GET', `${base}/profiles/${id}/failures`)).FailureBlobUri);
    const link = await linkOf(Id);
    const other = await linkOf(otherId);
    const hours = (Date.parse(link.searchParams.get('se') ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThanOrEqual(24);
    const at = (path: string, more: string, init?: RequestInit) =>
      fetch(`${link.origin}${path}${link.search}${more}`, init);
    const list = '&restype=container&comp=list';
    const listed = await at(link.pathname, list);
    expect([listed.status, await listed.text()]).toEqual([200, expect.stringContaining('<Blobs')]);
    const blob = { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } };
    for (const refused of [
      await at(other.pathname, list),
      await at(`${link.pathname}/failurelog/new.log`, '', blob),
      await at(link.pathname, '&restype=container', { method: 'DELETE' }),
      await at(link.pathname.replace(/\/[^/]+$/, '/'), '&comp=list'),
    ])
      expect(refused.status).toBe(403);
    expect((await at(`${link.pathname}/failurelog/new.log`, '')).status).toBe(404);
  });
});

test('errors are JSON objects with a status that the route declares', async () => {
  const unknown = '12345678-1234-4234-8234-123456789012';
  for (const [method, path, status] of [
    ['GET', '/profiles', 400],
    ['GET', `/profiles?organizationId=${unknown}`, 400],
    ['GET', `/profiles?organizationId=${organizationId}&status=maybe`, 400],
    ['GET', '/metadata/discover', 400],
    ['GET', '/metadata/entities?organizationUrl=https://elsewhere.example', 400],
    ['GET', '/metadata/entities?organizationUrl=%25%E0%A4', 400],
    ['GET', `/profiles/${unknown}`, 404],
    ['GET', '/profiles/not%20a%2Fguid/test', 404],
    ['POST', `/profiles/${unknown}/activate`, 404],
    ['DELETE', `/profiles/${unknown}`, 404],
  ] as const)
    expectError(await send(method, base + path), status);
});

async function organizationRows(): Promise<{ rows: Record<string, number> }> {
  const response = await fetch(`${platform().addresses.dataverse}/simulator`);
  const { tables } = (await response.json()) as { tables: Record<string, { rows: number }> };
  return { rows: Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows])) };
}
