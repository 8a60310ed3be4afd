import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, type Json, type SimulatedDataverse, simulatedDataverse } from './simulated-dataverse.ts';

let dataverse: SimulatedDataverse;
beforeAll(async () => {
  dataverse = await simulatedDataverse(100);
});
afterAll(() => dataverse.close());

const userIds = {
  admin: 'e0000000-0000-4000-8000-000000000001',
  reader: 'e0000000-0000-4000-8000-000000000002',
  identity: 'e0000000-0000-4000-8000-000000000003',
};

/** Depths by privilege, as the function tells them of a user. */
async function depthsOf(user: keyof typeof userIds, ...names: string[]): Promise<Json> {
  const question = 'Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p1)';
  const asked = encodeURIComponent(JSON.stringify(names));
  const { body } = await dataverse.call(`systemusers(${userIds[user]})/${question}?@p1=${asked}`);
  return Object.fromEntries(
    (body.RolePrivileges as Json[]).map(({ PrivilegeName, Depth }) => [PrivilegeName, Depth]),
  );
}

const change = (body: Json) => dataverse.simulator('POST', '/privileges', body);

test('metadata names the privileges of tables, some after another table and some shared', async () => {
  const { body } = await dataverse.call('EntityDefinitions?$select=LogicalName,Privileges');
  const reading = new Map(
    body.value.map(({ LogicalName, Privileges }) => [
      LogicalName,
      (Privileges as Json[]).filter(({ PrivilegeType }) => PrivilegeType === 'Read').map(({ Name }) => Name),
    ]),
  );
  for (const [table, names] of Object.entries({
    account: ['prvReadAccount'],
    systemuser: ['prvReadUser'],
    annotation: ['prvReadNote'],
    email: ['prvReadActivity'],
    task: ['prvReadActivity'],
    accountleads: [],
  }))
    expect(reading.get(table)).toEqual(names);
});

test('a user holds what the roles give, own and of teams', async () => {
  const names = ['prvReadAccount', 'prvWriteAccount', 'prvReadUser', 'prvReadNobody'];
  const all = { prvReadAccount: 'Global', prvWriteAccount: 'Global', prvReadUser: 'Global' };
  expect(await depthsOf('admin', ...names)).toEqual(all);
  expect(await depthsOf('identity', ...names)).toEqual(all);
  expect(await depthsOf('reader', ...names)).toEqual({ prvReadAccount: 'Local', prvReadUser: 'Global' });
});

test('a changed privilege holds for all who have the role, for tables that share it, and after a restart', async () => {
  await change({ role: 'Data Export', table: 'task', read: 'None' });
  const answers = async () => {
    const found = [];
    for (const as of ['identity', 'reader', 'admin'] as const)
      found.push((await dataverse.call('emails?$select=subject', { as })).status);
    return found;
  };
  expect(await answers()).toEqual([403, 200, 200]);
  await dataverse.restart();
  expect(await answers()).toEqual([403, 200, 200]);
  const refused = await dataverse.call('emails/$count');
  expect(errorOf(refused).message).toMatch(/is missing prvReadActivity privilege .* for entity 'email'/);
  await change({ role: 'Data Export', table: 'task', read: 'Global' });
  expect(await answers()).toEqual([200, 200, 200]);
});

test.each([
  { role: 'System Administrator', table: 'account', read: 'None' },
  { role: 'Data Export', table: 'accountleads', read: 'None' },
  { role: 'Data Export', table: 'account', read: 'Everything' },
])('nonsense is refused and changes nothing: %j', async (body) => {
  expect((await change(body)).status).toBe(400);
  expect(await depthsOf('identity', 'prvReadAccount')).toEqual({ prvReadAccount: 'Global' });
});
