import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

let dataverse: SimulatedDataverse;
beforeAll(async () => {
  dataverse = await simulatedDataverse(300);
});
afterAll(() => dataverse.close());

const represented = { prefer: 'return=representation' };
const create = async (set: string, body: Json) =>
  (await dataverse.call(set, { method: 'POST', body, ...represented })).body;
const patch = (address: string, body: unknown, headers: Record<string, string> = {}) =>
  dataverse.call(address, { method: 'PATCH', body, headers });

test('a created row has its defaults, owner, times and version', async () => {
  const row = await create('accounts', { name: 'Proseware', revenue: 12.5 });
  expect(row).toMatchObject({
    name: 'Proseware',
    statecode: 0,
    statuscode: 1,
    donotphone: false,
    customersizecode: 1,
    _ownerid_value: 'e0000000-0000-4000-8000-000000000003',
    _owninguser_value: 'e0000000-0000-4000-8000-000000000003',
    _transactioncurrencyid_value: 'c0000000-0000-4000-8000-000000000001',
  });
  expect(row.createdon).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(row['@odata.etag']).toBe(`W/"${row.versionnumber}"`);
});

test('digits that a JavaScript number loses are kept, also in the base currency', async () => {
  const id = randomUUID();
  await patch(`accounts(${id})`, '{"name":"Big","revenue":90071992547409.9301,"sharesoutstanding":7}');
  const { text } = await dataverse.call(`accounts(${id})?$select=revenue,revenue_base,sharesoutstanding`);
  expect(text).toContain('"revenue":90071992547409.9301000000');
  expect(text).toContain('"revenue_base":90071992547409.9301000000');
});

test('PATCH without If-Match creates, with * it only updates, with a tag it guards', async () => {
  const address = `accounts(${randomUUID()})`;
  const missing = await patch(address, { name: 'x' }, { 'If-Match': '*' });
  expect([missing.status, errorOf(missing).code]).toEqual([404, '0x80040217']);
  expect(errorOf(missing).message).toMatch(/^account With Id = \S+ Does Not Exist$/);
  expect((await patch(address, { name: 'upserted' })).status).toBe(204);
  const tag = String((await dataverse.call(address)).body['@odata.etag']);
  expect((await patch(address, { name: 'guarded' }, { 'If-Match': tag })).status).toBe(204);
  const stale = await patch(address, { name: 'late' }, { 'If-Match': tag });
  expect([stale.status, errorOf(stale).code]).toEqual([412, '0x80060882']);
  expect((await dataverse.call(address)).body.name).toBe('guarded');
});

test('an identical value moves the version', async () => {
  const row = await create('accounts', { name: 'Same' });
  const address = `accounts(${row.accountid})`;
  await patch(address, { name: 'Same' }, { 'If-Match': String(row['@odata.etag']) });
  expect(Number((await dataverse.call(address)).body.versionnumber)).toBeGreaterThan(
    Number(row.versionnumber),
  );
});

test('lookups are bound through navigation properties, and only so', async () => {
  const account = await create('accounts', { name: 'Parent' });
  const contact = await create('contacts', {
    firstname: 'Ada',
    lastname: 'Müller',
    'parentcustomerid_account@odata.bind': `/accounts(${account.accountid})`,
  });
  expect(contact).toMatchObject({ fullname: 'Ada Müller', _parentcustomerid_value: account.accountid });
  const direct = await patch(`contacts(${contact.contactid})`, {
    _parentcustomerid_value: account.accountid,
  });
  expect(errorOf(direct).message).toMatch(/^CRM do not support direct update of Entity Reference properties/);
  const nowhere = { 'parentcustomerid_account@odata.bind': `/accounts(${randomUUID()})` };
  expect((await patch(`contacts(${contact.contactid})`, nowhere)).status).toBe(404);
  const cleared = await patch(`contacts(${contact.contactid})`, {
    'parentcustomerid_account@odata.bind': null,
  });
  expect(cleared.status).toBe(204);
  expect((await dataverse.call(`contacts(${contact.contactid})`)).body._parentcustomerid_value).toBeNull();
});

test.each<[string, unknown, string]>([
  ['an unknown column', { foo: 1 }, '0x80048d19'],
  ['a text that is too long', { name: 'x'.repeat(161) }, '0x80044331'],
  ['a number as text', { numberofemployees: 'many' }, '0x80048d19'],
  ['a value that is no option', { industrycode: 4711 }, '0x8004431a'],
  ['a number out of range', { numberofemployees: -1 }, '0x8004432f'],
  ['a body that is not JSON', '{"name":', '0x80048d19'],
])('%s is refused and changes nothing', async (_, body, code) => {
  const row = await create('accounts', { name: 'Unchanged' });
  const answer = await patch(`accounts(${row.accountid})`, body);
  expect([answer.status, errorOf(answer).code]).toEqual([400, code]);
  expect((await dataverse.call(`accounts(${row.accountid})`)).body['@odata.etag']).toBe(row['@odata.etag']);
});

test('any text comes back as it was sent', async () => {
  const text = 'e\u0301 👩‍👩‍👧‍👦 "quoted" \\ back\nline\ttab \u0000 \ud800 مرحبا';
  const row = await create('accounts', { name: text });
  expect((await dataverse.call(`accounts(${row.accountid})?$select=name`)).body.name).toBe(text);
});

test('a deleted row is gone, and deleting it again is 404', async () => {
  const address = `accounts(${(await create('accounts', { name: 'Gone' })).accountid})`;
  const answers = [];
  for (const method of ['DELETE', 'GET', 'DELETE'])
    answers.push((await dataverse.call(address, { method })).status);
  expect(answers).toEqual([204, 404, 404]);
});

test('an id that exists already cannot be created again', async () => {
  const { accountid } = await create('accounts', { name: 'First' });
  const answer = await dataverse.call('accounts', { method: 'POST', body: { accountid, name: 'Second' } });
  expect([answer.status, errorOf(answer).code]).toEqual([412, '0x80040237']);
});

test('a reader cannot write, and only an administrator can bypass plug-ins', async () => {
  const row = await create('accounts', { name: 'Guarded' });
  const address = `accounts(${row.accountid})`;
  const reader = await dataverse.call(address, { method: 'PATCH', body: { name: 'x' }, as: 'reader' });
  expect(errorOf(reader).message).toMatch(/is missing prvWriteAccount privilege/);
  const headers = { 'MSCRM.BypassBusinessLogicExecution': 'CustomSync' };
  expect((await patch(address, { name: 'x' }, headers)).status).toBe(403);
  const admin = await dataverse.call(address, { method: 'PATCH', body: { name: 'x' }, headers, as: 'admin' });
  expect(admin.status).toBe(204);
});
