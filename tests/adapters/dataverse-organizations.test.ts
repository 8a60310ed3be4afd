import { expect, test } from 'vitest';
import { organizations } from '../../shared/adapters/dataverse/organizations.ts';
import { movedClock, type Reply, webApiServer } from './web-api-server.ts';

const detailOf = (id: string): Reply => ({
  body: {
    Detail: {
      OrganizationId: id.toUpperCase(),
      FriendlyName: `Org ${id[0]}`,
      TenantId: '11111111-1111-4111-8111-111111111111',
    },
  },
});
const firstId = 'aaaaaaaa-0000-4000-8000-000000000001';
const secondId = 'bbbbbbbb-0000-4000-8000-000000000001';

function setUp(urls: readonly string[]) {
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (line: string) => warnings.push(line), error: () => {} };
  const tokens = { forResource: async () => 'token' };
  return {
    warnings,
    organizations: organizations({ urls, tokens, clock: movedClock(), log, pageSize: 5000 }),
  };
}

test('organizations are found by id and by URL, without regard to case and slash, and asked once', async () => {
  await using first = await webApiServer([detailOf(firstId)]);
  await using second = await webApiServer([detailOf(secondId)]);
  const { organizations: members } = setUp([first.origin, `${second.origin}/`]);
  expect(await members.all()).toMatchObject([{ id: firstId, url: `${first.origin}/` }, { id: secondId }]);
  expect(await members.byId(secondId.toUpperCase())).toMatchObject({ id: secondId, name: 'Org b' });
  expect(await members.byUrl(`${first.origin.toUpperCase()}/`)).toMatchObject({ id: firstId });
  expect(await members.dataverse(firstId)).toBe(await members.dataverse(firstId));
  expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  expect(decodeURIComponent(first.requests[0]?.url ?? '')).toBe(
    "/api/data/v9.2/RetrieveCurrentOrganization(AccessType=@p1)?@p1=Microsoft.Dynamics.CRM.EndpointAccessType'Default'",
  );
});

test('an organization that is not configured is unknown', async () => {
  await using first = await webApiServer([detailOf(firstId)]);
  const { organizations: members } = setUp([first.origin]);
  const searches = [
    () => members.byId(secondId),
    () => members.dataverse('x'),
    () => members.byUrl('https://evil.example'),
    () => members.byUrl('no URL'),
  ];
  for (const search of searches)
    await expect(search()).rejects.toMatchObject({ code: 'ORGANIZATION_UNKNOWN' });
});

test('one that cannot be reached does not stand in the way of the others, and is asked again', async () => {
  let isDown = true;
  await using first = await webApiServer([detailOf(firstId)]);
  await using second = await webApiServer(() => (isDown ? { status: 503, body: '' } : detailOf(secondId)));
  const { warnings, organizations: members } = setUp([first.origin, second.origin]);
  expect(await members.all()).toMatchObject([{ id: firstId }]);
  expect(warnings).toEqual([expect.stringContaining(second.origin)]);
  expect(await members.byId(firstId)).toMatchObject({ id: firstId });
  await expect(members.byId(secondId)).rejects.toMatchObject({
    code: 'DATAVERSE_UNREACHABLE',
    message: expect.stringMatching(/^Cannot find organization "bbbbbbbb-[^/]*$/),
  });
  expect(warnings).toHaveLength(2);
  await expect(members.byId('Server=x;Password=hunter2')).rejects.toMatchObject({
    message: expect.not.stringContaining('hunter2'),
  });
  isDown = false;
  expect(await members.byId(secondId)).toMatchObject({ id: secondId });
});

test('when none of several can be reached the list fails, and only the log names them', async () => {
  await using first = await webApiServer(() => ({ status: 503, body: '' }));
  await using second = await webApiServer(() => ({ status: 503, body: '' }));
  const { warnings, organizations: members } = setUp([first.origin, second.origin]);
  await expect(members.all()).rejects.toMatchObject({
    code: 'DATAVERSE_UNREACHABLE',
    message: expect.not.stringContaining('127.0.0.1'),
  });
  expect(warnings).toEqual([first, second].map(({ origin }) => expect.stringContaining(origin)));
});

test('why the only one cannot be reached is told', async () => {
  await using only = await webApiServer(() => ({ status: 503, body: '' }));
  const { warnings, organizations: members } = setUp([only.origin]);
  for (const search of [members.all(), members.byId(firstId), members.dataverse(firstId)])
    await expect(search).rejects.toMatchObject({
      code: 'DATAVERSE_UNREACHABLE',
      message: expect.stringMatching(new RegExp(`^Cannot .*${only.origin}.*503`)),
    });
  expect(warnings).toEqual([]);
});
