import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Dataverse } from '../../shared/ports/dataverse.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;

beforeAll(async () => {
  organization = await simulatedOrganization(300);
  source = organization.dataverse(100);
});
afterAll(() => organization.close());

const reading = (table: string, read: string) =>
  organization.simulator('POST', '/privileges', { role: 'Data Export', table, read });
const tellsPrivileges = (tellsSetOfPrivileges: boolean) =>
  organization.simulator('PATCH', '/switches', { tellsSetOfPrivileges });
afterEach(async () => {
  for (const table of ['account', 'lead', 'task', 'systemuser']) await reading(table, 'Global');
  await tellsPrivileges(true);
});

const tracked = [
  'account',
  'lead',
  'task',
  'email',
  'systemuser',
  'annotation',
  'accountleads',
  'systemuserroles',
];

test('the many-to-many relationships are told with their tables', async () => {
  const found = await source.relationships();
  expect(found).toContainEqual({
    name: 'accountleads_association',
    intersectName: 'accountleads',
    firstTable: 'account',
    secondTable: 'lead',
  });
  expect(new Set(found.map(({ name }) => name)).size).toBe(found.length);
});

test.each([
  ['asked for its privileges', true],
  ['tried table by table', false],
])('an identity that reads the whole organization lacks no table, %s', async (_, isTold) => {
  await tellsPrivileges(isTold);
  expect(await source.tablesWithoutRead(tracked)).toEqual([]);
});

test.each([
  ['account', 'None', ['account', 'accountleads']],
  ['account', 'Deep', ['account', 'accountleads']],
  ['task', 'Local', ['task', 'email']],
])(
  'without %s for the whole organization (%s), these cannot be exported: %j',
  async (table, depth, expected) => {
    await reading(table, depth);
    expect(await source.tablesWithoutRead(tracked)).toEqual(expected);
    await tellsPrivileges(false);
    expect(await source.tablesWithoutRead(tracked)).toEqual(expected);
  },
);

test('a table that cannot be read as a whole gives no changes', async () => {
  const definition = await source.tableDefinition('account');
  const query = { table: definition, columns: ['accountid'], hasAnnotations: false };
  const page = () => source.readPage({ kind: 'tracked-rows', query });
  expect((await page()).rows.length).toBeGreaterThan(0);
  await reading('account', 'Local');
  await expect(page()).rejects.toMatchObject({ code: 'DATAVERSE_PRIVILEGE_MISSING' });
  await reading('account', 'None');
  await expect(source.readPage({ kind: 'rows', query })).rejects.toMatchObject({
    code: 'DATAVERSE_PRIVILEGE_MISSING',
  });
});

test('rows that an identity may not read any more are not taken for rows that are not there', async () => {
  const refused = { code: 'DATAVERSE_PRIVILEGE_MISSING' };
  const few = organization.dataverse(5);
  const definition = await few.tableDefinition('lead');
  const query = { table: definition, columns: ['leadid'], hasAnnotations: false };
  const first = await few.readPage({ kind: 'rows', query });
  if (first.following.kind !== 'next') return expect.fail('no next link');
  const next = { kind: 'next', query, link: first.following.link } as const;
  const ids = first.rows.map(({ leadid }) => String(leadid));
  const { rows } = await few.readPage(next);
  await reading('lead', 'Basic');
  expect(await organization.call('GET', 'leads?$select=leadid')).toMatchObject({ value: [] });
  await expect(few.readPage(next)).rejects.toMatchObject(refused);
  await expect(few.readPage({ kind: 'rows', query })).rejects.toMatchObject(refused);
  await expect(few.readRows(query, ids)).rejects.toMatchObject(refused);
  await reading('lead', 'Global');
  expect((await few.readPage(next)).rows).toEqual(rows);
  expect(await few.readRows(query, ids)).toHaveLength(ids.length);
});
