import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { type Reply, webApiServer } from './web-api-server.ts';

const userId = 'e0000000-0000-4000-8000-000000000003';
const privilege = (PrivilegeType: string, Name: string) => ({ PrivilegeType, Name });
const table = (LogicalName: string, ...Privileges: object[]) => ({
  LogicalName,
  EntitySetName: `${LogicalName}s`,
  PrimaryIdAttribute: `${LogicalName}id`,
  Privileges,
});
const usual = [
  table('account', privilege('Write', 'prvWriteAccount'), privilege('Read', 'prvReadAccount')),
  table('systemuser', privilege('Read', 'prvReadUser')),
  table('task', privilege('Read', 'prvReadActivity')),
  table('email', privilege('Read', 'prvReadActivity')),
  table('accountleads'),
];
const held = (PrivilegeName: string, Depth = 'Global', more: object = {}) => ({
  PrivilegeName,
  Depth,
  ...more,
});
const refusal = (status: number, code: string): Reply => ({ status, body: { error: { code, message: '' } } });
const privilegeDenied = refusal(403, '0x80040220');

const pathOf = ({ url = '' }: IncomingMessage) => decodeURIComponent(url).replace('/api/data/v9.2/', '');
const isQuestion = (path: string) => path.includes('RetrieveUserSetOfPrivilegesByNames');

/** An organization whose app holds these privileges; other reads are answered by `probe`. */
const organization =
  (
    answer: readonly object[] | Reply,
    probe: (path: string) => Reply = () => ({ body: { value: [] } }),
    tables: readonly object[] = usual,
  ) =>
  (request: IncomingMessage): Reply => {
    const path = pathOf(request);
    if (path.startsWith('EntityDefinitions')) return { body: { value: tables } };
    if (path === 'WhoAmI') return { body: { UserId: userId } };
    if (isQuestion(path))
      return Array.isArray(answer) ? { body: { RolePrivileges: answer } } : (answer as Reply);
    return probe(path);
  };

test('tables share three requests, and their privileges are those that the metadata names', async () => {
  const all = [held('prvReadAccount'), held('prvReadUser')];
  await using server = await webApiServer(organization(all));
  const names = ['account', 'task', 'systemuser', 'email'];
  expect(await server.dataverse.tablesWithoutRead(names)).toEqual(['task', 'email']);
  expect(server.requests.map(pathOf)).toEqual([
    'EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute,Privileges',
    'WhoAmI',
    `systemusers(${userId})/Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)?@p1=["prvReadAccount","prvReadUser","prvReadActivity"]`,
  ]);
});

test.each([
  ['the whole organization', held('prvReadAccount'), []],
  [
    'the whole organization, no record filter',
    held('prvReadAccount', 'Global', { RecordFilterId: '00000000-0000-0000-0000-000000000000' }),
    [],
  ],
  ['rows of a record filter', held('prvReadAccount', 'Global', { RecordFilterId: userId }), ['account']],
  ['business units below', held('prvReadAccount', 'Deep'), ['account']],
  ['the own business unit', held('prvReadAccount', 'Local'), ['account']],
  ['own rows', held('prvReadAccount', 'Basic'), ['account']],
])('a privilege for %s is judged', async (_, one, expected) => {
  await using server = await webApiServer(organization([one]));
  expect(await server.dataverse.tablesWithoutRead(['account'])).toEqual(expected);
});

test('the widest of several roles counts', async () => {
  await using server = await webApiServer(
    organization([held('prvReadAccount'), held('prvReadAccount', 'Basic')]),
  );
  expect(await server.dataverse.tablesWithoutRead(['account'])).toEqual([]);
});

test('a table without a privilege of its own is tried, as replication reads it', async () => {
  for (const [reply, expected] of [
    [{ body: { value: [] } }, []],
    [privilegeDenied, ['accountleads']],
    [refusal(400, '0x80072492'), []],
  ] as const) {
    await using server = await webApiServer(organization([], () => reply));
    expect(await server.dataverse.tablesWithoutRead(['accountleads'])).toEqual(expected);
    const [, probe] = server.requests;
    expect(probe && pathOf(probe)).toBe('accountleadss?$select=accountleadsid');
    expect(probe?.headers.prefer).toBe('odata.track-changes,odata.maxpagesize=1');
  }
});

test.each([
  ['does not know the question', refusal(404, '0x80060888')],
  ['does not understand it', refusal(400, '0x80060888')],
  ['does not let it be asked', privilegeDenied],
])('an organization that %s is tried table by table', async (_, answer) => {
  const probe = (path: string) => (path.startsWith('tasks') ? privilegeDenied : { body: { value: [] } });
  await using server = await webApiServer(organization(answer, probe));
  expect(await server.dataverse.tablesWithoutRead(['account', 'task', 'systemuser'])).toEqual(['task']);
});

test('an organization that is out of order is no answer', async () => {
  await using server = await webApiServer(organization(refusal(403, '0x80072560')));
  await expect(server.dataverse.tablesWithoutRead(['account'])).rejects.toMatchObject({
    code: 'DATAVERSE_UNAUTHORIZED',
  });
});

const many = Array.from({ length: 250 }, (_, index) => `table${index}`);

test('of many tables a hundred are asked for at once', async () => {
  const tables = many.map((name) => table(name, privilege('Read', `prvRead${name}`)));
  const all = many.slice(1).map((name) => held(`prvRead${name}`));
  await using server = await webApiServer(organization(all, undefined, tables));
  expect(await server.dataverse.tablesWithoutRead(many)).toEqual(['table0']);
  const asked = server.requests.map(pathOf).filter(isQuestion);
  expect(asked.map((path) => path.split('"prvRead').length - 1)).toEqual([100, 100, 50]);
});

test('many tables are tried eight at a time', async () => {
  const tables = many.map((name) => table(name));
  let running = 0;
  let most = 0;
  const probe = (): Reply => (response) => {
    running += 1;
    most = Math.max(most, running);
    setImmediate(() => {
      running -= 1;
      response.end('{"value":[]}');
    });
  };
  await using server = await webApiServer(organization([], probe, tables));
  expect(await server.dataverse.tablesWithoutRead(many)).toEqual([]);
  expect(server.requests).toHaveLength(251);
  expect(most).toBeLessThanOrEqual(8);
});

test('nothing is asked for no tables, and unknown tables are left out', async () => {
  await using server = await webApiServer(organization([]));
  expect(await server.dataverse.tablesWithoutRead([])).toEqual([]);
  expect(server.requests).toHaveLength(0);
  expect(await server.dataverse.tablesWithoutRead(['unknown'])).toEqual([]);
});

test('relationships come with their table, named after it where they have no name', async () => {
  const one = { IntersectEntityName: 'ab', Entity1LogicalName: 'a', Entity2LogicalName: 'b' };
  await using server = await webApiServer([
    {
      body: {
        value: [
          { ...one, SchemaName: 'a_b' },
          { ...one, SchemaName: null },
        ],
      },
    },
  ]);
  const facts = { intersectName: 'ab', firstTable: 'a', secondTable: 'b' };
  expect(await server.dataverse.relationships()).toEqual([
    { name: 'a_b', ...facts },
    { name: 'ab', ...facts },
  ]);
  expect(server.requests.map(pathOf)).toEqual([
    'RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata?$select=SchemaName,IntersectEntityName,Entity1LogicalName,Entity2LogicalName',
  ]);
});
