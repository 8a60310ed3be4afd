import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { errorOf, type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

let dataverse: SimulatedDataverse;
let defaults: Json;
beforeAll(async () => {
  dataverse = await simulatedDataverse(500);
  defaults = (await dataverse.simulator('GET', '')).body.switches as Json;
});
beforeEach(async () => {
  await dataverse.switches(defaults);
  await dataverse.simulator('DELETE', '/faults');
});
afterAll(() => dataverse.close());

const fault = (body: Json) => dataverse.simulator('POST', '/faults', body);

test('an unknown switch or a wrong value changes nothing and lists the known ones', async () => {
  const { status, body } = await dataverse.switches({ foo: 1, expiredStatus: 500, shuffleOrder: true });
  expect(status).toBe(400);
  expect(body.error).toMatch(/foo/);
  expect(body.error).toMatch(/expiredStatus/);
  expect(body.error).toMatch(/known switches: deltaTokenTime, /);
  expect(((await dataverse.simulator('GET', '')).body.switches as Json).shuffleOrder).toBe(false);
});

test.each([
  ['429-requests', 429, '0x80072322'],
  ['429-time', 429, '0x80072321'],
  ['429-concurrency', 429, '0x80072326'],
  ['deadlock', 400, '0x80044150'],
  ['expired-delta', 400, '0x80044352'],
  ['privilege', 403, '0x80040220'],
])('the fault %s fails as many calls as it was told, then it is over', async (kind, status, code) => {
  await fault({ route: 'accounts', kind, count: 2, retryAfterSeconds: 3 });
  expect((await dataverse.call('contacts?$top=1')).status).toBe(200);
  for (let n = 0; n < 2; n++) {
    const answer = await dataverse.call('accounts?$top=1');
    expect([answer.status, errorOf(answer).code]).toEqual([status, code]);
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('3');
  }
  expect((await dataverse.call('accounts?$top=1')).status).toBe(200);
});

test.each([
  ['502', 502],
  ['503', 503],
  ['504', 504],
  ['html', 200],
])('the fault %s answers HTML with status %i', async (kind, status) => {
  await fault({ route: '*/accounts*', kind });
  const answer = await dataverse.call('accounts?$top=1');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8']);
});

test('a reset comes in the middle of the JSON, a slow page late, an unauthorized call with the challenge', async () => {
  await fault({ route: 'accounts', kind: 'reset' });
  const broken = await dataverse.raw('accounts');
  await expect(broken.text()).rejects.toThrow();
  await fault({ route: 'accounts', kind: 'slow', milliseconds: 300 });
  const started = performance.now();
  await dataverse.call('accounts?$top=1');
  expect(performance.now() - started).toBeGreaterThan(290);
  await fault({ route: 'accounts', kind: 'unauthorized' });
  const refused = await dataverse.call('accounts?$top=1');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining('Bearer authorization_uri='),
  ]);
});

test('an unknown kind of fault is refused with the list of kinds', async () => {
  const { status, body } = await fault({ route: 'accounts', kind: 'flood' });
  expect([status, body.error]).toEqual([400, expect.stringMatching(/allowed kinds: .*429-requests/s)]);
});

test('lowered limits give each kind of 429, and the headers tell what is left', async () => {
  const before = await dataverse.call('WhoAmI', { as: 'admin' });
  expect(before.headers.get('x-ms-ratelimit-time-remaining-xrm-requests')).toMatch(/^1,\d{3}\.\d\d$/);
  expect(Number(before.headers.get('x-ms-ratelimit-burst-remaining-xrm-requests'))).toBeLessThan(8000);
  const codeWith = async (switches: Json) => {
    await dataverse.switches({ ...defaults, ...switches });
    const answer = await dataverse.call('WhoAmI', { as: 'admin' });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true]);
    return errorOf(answer);
  };
  expect(await codeWith({ requestLimit: 1 })).toEqual({
    code: '0x80072322',
    message: 'Number of requests exceeded the limit of 1 over time window of 300 seconds.',
  });
  expect((await codeWith({ executionTimeLimitSeconds: 0 })).code).toBe('0x80072321');
  expect((await codeWith({ concurrencyLimit: 0 })).code).toBe('0x80072326');
});

test('limits are counted on each web server, which a cookie chooses', async () => {
  await dataverse.switches({ webServers: 2, requestLimit: 3, limitWindowSeconds: 2 });
  await setTimeout(2000);
  const ask = (headers: Record<string, string> = {}) => dataverse.call('WhoAmI', { as: 'admin', headers });
  const first = await ask();
  const [affinity, client] = first.headers.getSetCookie();
  expect(affinity).toMatch(/^ARRAffinity=[0-9a-f]{128}; path=\/; secure; HttpOnly$/);
  expect(client).toMatch(/^ReqClientId=/);
  const cookie = String(affinity).split(';', 1)[0] as string;
  const statuses = [(await ask({ cookie })).status, (await ask({ cookie })).status];
  expect([...statuses, (await ask({ cookie })).status]).toEqual([200, 200, 429]);
  // Without a cookie every second request reaches the other server.
  expect([(await ask()).status, (await ask()).status].sort()).toEqual([200, 429]);
});

test('who goes on while refused waits longer, and Retry-After may be a date', async () => {
  await dataverse.switches({ requestLimit: 1, limitWindowSeconds: 10 });
  const waits: number[] = [];
  await dataverse.call('WhoAmI', { as: 'reader' });
  const refused = async () => (await dataverse.call('WhoAmI', { as: 'reader' })).headers.get('retry-after');
  for (let count = 0; count < 4; count++) waits.push(Number(await refused()));
  expect(waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0) - 0.5)).toBe(true);
  expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0);
  await dataverse.switches({ retryAfterForm: 'date' });
  const date = String(await refused());
  expect(date).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  expect(Date.parse(date)).toBeGreaterThan(Date.now());
});

test('older environments leave the code of an error empty', async () => {
  await dataverse.switches({ olderErrorCodeEmpty: true });
  const answer = await dataverse.call('accounts(00000000-0000-4000-8000-000000000000)');
  expect(errorOf(answer)).toMatchObject({ code: '' });
});

test('rows are made on demand, many at a time, and follow one another', async () => {
  const count = async () =>
    Number(((await dataverse.simulator('GET', '')).body.tables as Record<string, Json>).contact?.rows);
  const before = await count();
  const started = performance.now();
  expect(
    (await dataverse.simulator('POST', '/rows', { table: 'contact', count: 10_000, seed: 7 })).status,
  ).toBe(200);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(await count()).toBe(before + 10_000);
  const unknown = await dataverse.simulator('POST', '/rows', { table: 'foo', count: 1 });
  expect([unknown.status, unknown.body.error]).toEqual([400, expect.stringContaining('"foo"')]);
});

test('the workload changes rows of the tables it was given at about the pace it was given, until stopped', async () => {
  const link = async (set: string) =>
    String((await dataverse.drain(`${set}?$select=statecode`, 'odata.track-changes')).deltaLink);
  const [accounts, leads] = [await link('accounts'), await link('leads')];
  await dataverse.simulator('POST', '/workload', {
    changesPerSecond: 100,
    tables: ['account'],
    mix: { create: 1, update: 3, delete: 1, recreate: 1 },
  });
  await setTimeout(1500);
  const { body } = await dataverse.simulator('POST', '/workload', { changesPerSecond: 0 });
  const done = body.done as Record<string, number>;
  const total = Object.values(done).reduce((sum, one) => sum + one, 0);
  expect(total).toBeGreaterThan(75);
  expect(total).toBeLessThan(250);
  expect(Object.values(done).every((one) => one > 0)).toBe(true);
  expect((await dataverse.call(accounts)).body.value.length).toBeGreaterThan(20);
  expect((await dataverse.call(leads)).body.value).toEqual([]);
});

test('the simulator tells its tables, version, switches, faults and request counts by route', async () => {
  await dataverse.call('accounts?$top=1');
  const { body } = await dataverse.simulator('GET', '');
  expect(body).toMatchObject({ tables: { account: { isChangeTracked: true } }, faults: [] });
  expect((body.requests as Json)['GET accounts']).toBeGreaterThan(0);
  expect((await dataverse.simulator('GET', '/nothing')).status).toBe(404);
});
