import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { type Reply, webApiServer } from './web-api-server.ts';

const objectId = 'aaaaaaaa-0000-4000-8000-000000000001';
const pathOf = (request: IncomingMessage) =>
  decodeURIComponent(request.url ?? '').replace('/api/data/v9.2/', '');

/** An organization with one user in two teams, the second of which has the role. */
function organizationOf(state: { isDown: boolean; roleOf: string }) {
  return (request: IncomingMessage): Reply => {
    if (state.isDown) return { status: 403, body: { error: { code: '0x80072560', message: 'No member' } } };
    const path = pathOf(request).split('?', 1)[0];
    if (path === 'systemusers') return { body: { value: [{ systemuserid: 'user-1' }] } };
    if (path === 'systemusers(user-1)/teammembership_association')
      return { body: { value: [{ teamid: 'team-1' }, { teamid: 'team-2' }] } };
    return { body: { value: path?.startsWith(state.roleOf) ? [{ roleid: 'role-1' }] : [] } };
  };
}

test.each(['systemusers(user-1)', 'teams(team-1)', 'teams(team-2)'])(
  'the role counts wherever it comes from: %s',
  async (roleOf) => {
    await using server = await webApiServer(organizationOf({ isDown: false, roleOf }));
    expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
    expect(pathOf(server.requests[0] as IncomingMessage)).toContain(
      `azureactivedirectoryobjectid eq ${objectId} and isdisabled eq false`,
    );
    expect(pathOf(server.requests.at(-1) as IncomingMessage)).toContain(
      '_roletemplateid_value eq 627090ff-40a3-4053-8790-584edc5be201',
    );
  },
);

test('an answer is kept for three minutes', async () => {
  const state = { isDown: false, roleOf: 'systemusers(user-1)' };
  await using server = await webApiServer(organizationOf(state));
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
  const count = server.requests.length;
  expect(await server.dataverse.isSystemAdministrator(objectId.toUpperCase())).toBe(true);
  expect(await server.dataverse.isEnabledUser(objectId)).toBe(true);
  expect(server.requests).toHaveLength(count);
  state.roleOf = 'nobody';
  await server.clock.sleep(181_000);
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(false);
});

test('an organization that does not tell is no answer, and is asked again', async () => {
  const state = { isDown: true, roleOf: 'systemusers(user-1)' };
  await using server = await webApiServer(organizationOf(state));
  await expect(server.dataverse.isSystemAdministrator(objectId)).rejects.toMatchObject({
    code: 'DATAVERSE_UNAUTHORIZED',
  });
  state.isDown = false;
  expect(await server.dataverse.isSystemAdministrator(objectId)).toBe(true);
});
