import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

type Call = { path: string; headers: IncomingHttpHeaders; body: string };

let dataverse: SimulatedDataverse;
const calls: Call[] = [];
let statuses: number[] = [];
const receiver = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { url: path = '', headers } = request;
  calls.push({ path, headers, body: Buffer.concat(parts).toString() });
  response.statusCode = statuses.shift() ?? 200;
  response.end();
});
let url: string;

beforeAll(async () => {
  dataverse = await simulatedDataverse(100);
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
beforeEach(async () => {
  calls.length = 0;
  statuses = [];
  await register({ authType: 'HttpHeader', name: 'x-key', value: 'the key' });
});
afterAll(async () => {
  await dataverse.close();
  receiver.closeAllConnections();
  receiver.close();
});

const register = (more: Json) =>
  dataverse.simulator('POST', '/webhooks', { url, tables: ['account'], ...more });
const webhooks = async () =>
  (await dataverse.simulator('GET', '')).body.webhooks as { sent: number; failures: string[] };
const create = (body: Json, headers: Record<string, string> = {}) =>
  dataverse.call('accounts', { method: 'POST', as: 'admin', body, headers });
const arrived = (count: number) => expect.poll(() => calls.length).toBe(count);

test('each create, update and delete of a table with a step is told, with its key and the context', async () => {
  const answer = await create({ name: 'Fabrikam' });
  const id = /\(([^)]+)\)/.exec(answer.headers.get('odata-entityid') ?? '')?.[1];
  await dataverse.call(`accounts(${id})`, { method: 'PATCH', as: 'admin', body: { name: 'Other' } });
  await dataverse.call(`accounts(${id})`, { method: 'DELETE', as: 'admin' });
  await dataverse.call('contacts', { method: 'POST', as: 'admin', body: { lastname: 'Nobody hears' } });
  await arrived(3);
  const byMessage = new Map(calls.map((call) => [call.headers['x-ms-dynamics-request-name'], call]));
  expect([...byMessage.keys()].sort()).toEqual(['Create', 'Delete', 'Update']);
  for (const { headers, body } of calls) {
    expect(headers).toMatchObject({
      'x-key': 'the key',
      'x-ms-dynamics-entity-name': 'account',
      'x-ms-dynamics-organization': new URL(dataverse.url).host,
    });
    expect(JSON.parse(body)).toMatchObject({ PrimaryEntityName: 'account', PrimaryEntityId: id, Stage: 40 });
  }
  expect(JSON.parse(byMessage.get('Update')?.body ?? '').InputParameters[0].value.Attributes).toEqual([
    { key: 'name', value: 'Other' },
  ]);
});

test.each([
  ['WebhookKey', 'code', '/hook?code=the+key'],
  ['HttpQueryString', 'which', '/hook?which=the+key'],
])(
  'a key of kind %s is in the query, and no answer of the simulator tells it',
  async (authType, name, path) => {
    const { body } = await register({ authType, name, value: 'the key' });
    expect(JSON.stringify(body)).not.toContain('the key');
    await create({ name: 'x' });
    await arrived(1);
    expect(calls[0]?.path).toBe(path);
  },
);

test('what is longer than 256 KB comes without its parameters, and says so', async () => {
  await register({ tables: ['annotation'], authType: 'WebhookKey', value: 'the key' });
  const note = { subject: 'x', notetext: 'x'.repeat(300_000) };
  await dataverse.call('annotations', { method: 'POST', as: 'admin', body: note });
  await arrived(1);
  const { headers, body = '' } = calls[0] ?? {};
  expect(headers?.['x-ms-dynamics-msg-size-exceeded']).toBe('true');
  expect(JSON.parse(body)).not.toHaveProperty('InputParameters');
  expect(JSON.parse(body)).toMatchObject({
    PrimaryEntityName: 'annotation',
    OrganizationId: expect.any(String),
  });
});

test.each([
  [[503, 200], 2, false],
  [[502, 504, 200], 2, true],
  [[500, 200], 1, true],
  [[401], 1, true],
])('answered with %j it is sent %i times in all, and has failed: %s', async (answers, sent, hasFailed) => {
  statuses = [...answers];
  const before = await webhooks();
  await create({ name: 'x' });
  await expect.poll(async () => (await webhooks()).sent).toBe(before.sent + 1);
  expect(calls).toHaveLength(sent);
  expect((await webhooks()).failures.length > before.failures.length).toBe(hasFailed);
});

test('a caller who bypasses asynchronous logic, and a write that is refused, are heard of by nobody', async () => {
  await create({ name: 'x' }, { 'MSCRM.BypassBusinessLogicExecution': 'CustomSync,CustomAsync' });
  expect((await create({ name: 'x', nothing: 1 })).status).toBe(400);
  await create({ name: 'heard' });
  await arrived(1);
  expect(calls[0]?.body).toContain('heard');
});

test('the organization may be told by another name, and registrations outlive a restart', async () => {
  await dataverse.switches({ webhookTellsHost: false });
  await dataverse.restart();
  await create({ name: 'x' });
  await arrived(1);
  expect(calls[0]?.headers['x-ms-dynamics-organization']).toBe('org22222222');
  await dataverse.simulator('DELETE', '/webhooks');
  await create({ name: 'x' });
  expect((await webhooks()).sent).toBe(1);
});
