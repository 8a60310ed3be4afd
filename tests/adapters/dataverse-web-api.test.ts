import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { PageRequest, RowQuery } from '../../shared/ports/dataverse.ts';
import { type Reply, type WebApiServer, webApiServer } from './web-api-server.ts';

const query: RowQuery = {
  table: { logicalName: 'account', entitySetName: 'accounts', primaryId: 'accountid' },
  columns: ['accountid', 'name'],
  hasAnnotations: false,
};
const id = '60c4e274-0000-4000-8000-000000000001';
const page: Reply = { body: { value: [{ '@odata.etag': 'W/"1"', accountid: id, name: 'Ada' }] } };
const readPage = (server: WebApiServer, request: PageRequest = { kind: 'tracked-rows', query }) =>
  server.dataverse.readPage(request);
const refusal = (status: number, code: string, message = '', headers = {}): Reply => ({
  status,
  body: { error: { code, message } },
  headers,
});
const html: Reply = { body: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } };
const reset = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"value":[{"accountid":"60c4', () => response.destroy());
};

test('each request carries what the reference recommends, and no cookie comes back', async () => {
  await using server = await webApiServer([
    { ...(page as object), headers: { 'set-cookie': 'ARRAffinity=1' } },
    page,
  ]);
  await readPage(server);
  await readPage(server);
  const [first, second] = server.requests;
  expect(first?.url).toBe('/api/data/v9.2/accounts?$select=accountid,name');
  expect(first?.headers).toMatchObject({
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'odata-version': '4.0',
    'odata-maxversion': '4.0',
    'if-none-match': 'null',
    'user-agent': 'dataverse-export',
    authorization: 'Bearer first',
    prefer: 'odata.track-changes,odata.maxpagesize=5000',
  });
  expect(second?.headers.cookie).toBeUndefined();
});

test.each<[string, Reply]>([
  ['502 with HTML', { status: 502, body: '<html>Bad gateway</html>' }],
  ['503', { status: 503, body: '' }],
  ['504', { status: 504, body: '' }],
  ['a deadlock', refusal(500, '0x80044150', 'Generic SQL error')],
  ['an SQL timeout said with 400', refusal(400, '0x80044151')],
  ['HTML instead of JSON', html],
  ['JSON that is cut off', { body: '{"value":[{"accountid":' }],
  ['a reset in the middle of the JSON', reset],
  ['too many requests', refusal(429, '0x80072322', '', { 'retry-after': '20' })],
])('%s passes by', async (_kind, reply) => {
  await using server = await webApiServer([reply, reply, page]);
  expect((await readPage(server)).rows).toHaveLength(1);
  expect(server.requests).toHaveLength(3);
});

test.each<[string, Reply, string]>([
  ['503', { status: 503, body: '' }, 'DATAVERSE_UNREACHABLE'],
  ['a deadlock', refusal(500, '0x80044150'), 'DATAVERSE_BUSY'],
  ['HTML', html, 'DATAVERSE_ANSWER_UNREADABLE'],
  ['resets', reset, 'DATAVERSE_UNREACHABLE'],
  ['429', refusal(429, '0x80072326', '', { 'retry-after': '4' }), 'DATAVERSE_THROTTLED'],
])('%s that lasts fails after five tries and less than a minute', async (_kind, reply, code) => {
  await using server = await webApiServer([reply]);
  await expect(readPage(server)).rejects.toMatchObject({ code });
  expect(server.requests).toHaveLength(5);
  expect(server.clock.slept.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(60_000);
});

test.each<[string, Reply, string, RegExp]>([
  ['expired, 400', refusal(400, '0x80044352'), 'DATAVERSE_DELTA_TOKEN_EXPIRED', /0x80044352/],
  ['expired, 410', refusal(410, '0x80044352'), 'DATAVERSE_DELTA_TOKEN_EXPIRED', /410/],
  ['tracking off', refusal(400, '0x80072491'), 'DATAVERSE_TRACKING_OFF', /change tracking must be on/],
  ['tracking off, intersect', refusal(400, '0x80072492'), 'DATAVERSE_TRACKING_OFF', /0x80072492/],
  [
    'privilege',
    refusal(403, '0x80040220', 'missing prvReadAccount'),
    'DATAVERSE_PRIVILEGE_MISSING',
    /prvReadAccount/,
  ],
  ['no member', refusal(403, '0x80072560', 'not a member'), 'DATAVERSE_UNAUTHORIZED', /application user/],
  [
    'no table',
    refusal(404, '0x80060888', 'Resource not found'),
    'DATAVERSE_TABLE_MISSING',
    /table "account"/,
  ],
  [
    'no column',
    refusal(400, '0x80060888', "no property 'x'"),
    'DATAVERSE_REQUEST_REFUSED',
    /no property 'x'/,
  ],
  ['older form', { status: 400, body: { Message: 'No' } }, 'DATAVERSE_REQUEST_REFUSED', /answered 400;/],
  ['a page without rows', { body: { text: 1 } }, 'DATAVERSE_ANSWER_UNREADABLE', /no list of rows/],
])('a refusal is told apart by its code: %s', async (_kind, reply, code, message) => {
  await using server = await webApiServer([reply]);
  await expect(readPage(server)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test.each<[string, Reply]>([
  ['an SQL error', refusal(400, '0x80044150', "duplicate key 'Ada'")],
  ['a plug-in', refusal(400, '0x80040265', 'Ada is not allowed')],
  ['an invalid argument', refusal(400, '0x80040203', "'Ada' is no number")],
  ['what has no code', refusal(400, '', 'Ada')],
  ['what has words for a code', refusal(400, 'Ada', 'Ada')],
])('the words of %s are not shown, as they may hold values', async (_kind, reply) => {
  await using server = await webApiServer([reply]);
  const error = await readPage(server).catch((caught: Error) => caught);
  expect(error).toMatchObject({ message: expect.stringContaining('Dataverse answered 400') as string });
  expect(JSON.stringify([(error as Error).message, (error as Error).cause])).not.toMatch(/Ada/i);
});

test('a redirect is not followed', async () => {
  await using server = await webApiServer([
    { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } },
  ]);
  await expect(readPage(server)).rejects.toMatchObject({ code: 'DATAVERSE_ANSWER_UNREADABLE' });
});

test('a refused token is exchanged once', async () => {
  const unauthorized: Reply = { status: 401, body: '' };
  await using healed = await webApiServer([unauthorized, page]);
  expect((await readPage(healed)).rows).toHaveLength(1);
  expect(healed.requests.map((request) => request.headers.authorization)).toEqual([
    'Bearer first',
    'Bearer second',
  ]);
  await using lasting = await webApiServer([unauthorized]);
  await expect(readPage(lasting)).rejects.toMatchObject({ code: 'DATAVERSE_UNAUTHORIZED' });
  expect(lasting.requests).toHaveLength(2);
});

test('an identity without a token is said to be the fault, and the reason is kept', async () => {
  const cause = new Error('no identity');
  const tokens = { forResource: () => Promise.reject(cause) };
  await using server = await webApiServer([page], { tokens });
  await expect(readPage(server)).rejects.toMatchObject({ code: 'DATAVERSE_UNAUTHORIZED', cause });
});

test('Retry-After is honoured to the second, as seconds and as a date', async () => {
  const date = new Date(Date.parse('2026-01-01T00:00:00Z') + 47_000).toUTCString();
  await using server = await webApiServer([refusal(429, '', '', { 'retry-after': '30' }), page]);
  await readPage(server);
  expect(server.clock.slept).toEqual([30_000]);
  await using dated = await webApiServer([refusal(429, '', '', { 'retry-after': date }), page]);
  await readPage(dated);
  expect(dated.clock.slept).toEqual([47_000]);
});

test('a long Retry-After is left to the caller, and spares all other requests meanwhile', async () => {
  await using server = await webApiServer([refusal(429, '0x80072321', '', { 'retry-after': '363' }), page]);
  await expect(readPage(server)).rejects.toMatchObject({
    code: 'DATAVERSE_THROTTLED',
    retryAfterSeconds: 363,
  });
  await expect(readPage(server)).rejects.toMatchObject({
    code: 'DATAVERSE_THROTTLED',
    retryAfterSeconds: 363,
  });
  expect(server.requests).toHaveLength(1);
  await server.clock.sleep(363_000);
  expect((await readPage(server)).rows).toHaveLength(1);
});

test('a token is never sent to another origin or path', async () => {
  await using server = await webApiServer([page]);
  const links = [
    'https://evil.example/api/data/v9.2/accounts',
    '//evil.example/api/data/v9.2/accounts',
    `${server.origin}/simulator`,
    `${server.origin}/api/data/../../simulator`,
    `${server.origin.replace('//', '//user:secret@')}/api/data/v9.2/accounts`,
    `${server.origin.replace('http', 'https')}/api/data/v9.2/accounts`,
  ];
  for (const link of links)
    await expect(readPage(server, { kind: 'next', query, link })).rejects.toMatchObject({
      code: 'DATAVERSE_REQUEST_REFUSED',
    });
  expect(server.requests).toHaveLength(0);
});

test('a write is guarded by its etag and tells the new version', async () => {
  await using server = await webApiServer([
    { body: { '@odata.etag': 'W/"12"', accountid: id, versionnumber: 12 } },
  ]);
  const outcome = await server.dataverse.writeRow(query.table, id, 'W/"11"', { name: 'Ada' });
  expect(outcome).toEqual({ kind: 'written', version: '12' });
  expect(server.requests[0]).toMatchObject({ method: 'PATCH' });
  expect(server.requests[0]?.headers).toMatchObject({
    'if-match': 'W/"11"',
    prefer: 'return=representation',
  });
});

test.each<[string, Reply, object]>([
  ['changed meanwhile', refusal(412, '0x80060882'), { kind: 'changed' }],
  ['gone', refusal(404, '0x80040217'), { kind: 'gone' }],
  ['gone, told without a code', refusal(404, ''), { kind: 'gone' }],
])('a write to a row that is %s is no failure', async (_kind, reply, outcome) => {
  await using server = await webApiServer([reply]);
  expect(await server.dataverse.writeRow(query.table, id, 'W/"1"', { name: 'Ada' })).toEqual(outcome);
});

test('a write that Dataverse failed at is told as a fault of this write, and not repeated', async () => {
  await using server = await webApiServer([refusal(500, '0x80040265', 'plug-in')]);
  await expect(server.dataverse.writeRow(query.table, id, 'W/"1"', { name: 'Ada' })).rejects.toMatchObject({
    code: 'DATAVERSE_REQUEST_REFUSED',
  });
  expect(server.requests).toHaveLength(1);
});

test('a write that is refused never shows the words of Dataverse, which may hold values', async () => {
  await using server = await webApiServer([refusal(412, '0x80040237', "duplicate 'Ada'")]);
  const error = await server.dataverse
    .writeRow(query.table, id, 'W/"1"', { name: 'Ada' })
    .catch((e: Error) => e);
  expect(error).toMatchObject({ code: 'DATAVERSE_REQUEST_REFUSED' });
  expect((error as Error).message).not.toContain('Ada');
});

test('a write gives way: throttled, it fails at once, and so does the next one without a request', async () => {
  await using server = await webApiServer([refusal(429, '0x80072322', '', { 'retry-after': '20' }), page]);
  const write = () => server.dataverse.writeRow(query.table, id, 'W/"1"', { name: 'Ada' });
  const throttled = { code: 'DATAVERSE_THROTTLED', retryAfterSeconds: 20 };
  await expect(write()).rejects.toMatchObject(throttled);
  await expect(write()).rejects.toMatchObject(throttled);
  expect(server.requests).toHaveLength(1);
  expect((await readPage(server)).rows).toHaveLength(1);
  expect(server.clock.slept).toEqual([20_000]);
});

test('a write gives way to a read that is throttled', async () => {
  await using server = await webApiServer([refusal(429, '0x80072321', '', { 'retry-after': '363' }), page]);
  await expect(readPage(server)).rejects.toMatchObject({ code: 'DATAVERSE_THROTTLED' });
  await expect(server.dataverse.writeRow(query.table, id, 'W/"1"', { name: 'Ada' })).rejects.toMatchObject({
    code: 'DATAVERSE_THROTTLED',
    retryAfterSeconds: 363,
  });
  expect(server.requests).toHaveLength(1);
});

test('a write says whom it is to be kept from, and only then', async () => {
  await using server = await webApiServer([{ body: { accountid: id, versionnumber: 12 } }]);
  for (const quiet of [[], ['flows'], ['plug-ins', 'flows']] as const)
    await server.dataverse.writeRow(query.table, id, 'W/"11"', { name: 'Ada' }, quiet);
  const sent = server.requests.map(({ headers }) => [
    headers['mscrm.bypassbusinesslogicexecution'],
    headers['mscrm.suppresscallbackregistrationexpanderjob'],
  ]);
  expect(sent).toEqual([
    [undefined, undefined],
    [undefined, 'true'],
    ['CustomSync,CustomAsync', 'true'],
  ]);
});
