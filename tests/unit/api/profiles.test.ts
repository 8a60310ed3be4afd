import { describe, expect, test } from 'vitest';
import { readProfileDescription } from '../../../shared/api/profile-description.ts';
import { profilesActivate } from '../../../shared/api/profiles-activate.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesDeactivate } from '../../../shared/api/profiles-deactivate.ts';
import { profilesDelete } from '../../../shared/api/profiles-delete.ts';
import { profilesFailures } from '../../../shared/api/profiles-failures.ts';
import { profilesGet } from '../../../shared/api/profiles-get.ts';
import { profilesList } from '../../../shared/api/profiles-list.ts';
import { sentencesOf } from '../../../shared/api/wire-members.ts';
import { errorCodes } from '../../../shared/error-codes.ts';
import { description, errorOf, organization, request, type Stub, stubPorts } from './stub-ports.ts';

async function created(stub: Stub, change: object = {}): Promise<string> {
  const details = await profilesCreate(request({ body: { ...description, ...change } }), stub.ports);
  return String(details.Id);
}

/** The list as a client reads it. */
const listed = async (stub: Stub, query: Readonly<Record<string, string>>) =>
  JSON.parse((await profilesList(request({ query }), stub.ports)).text);

describe('create', () => {
  test('a created profile is inactive and nothing runs', async () => {
    const stub = stubPorts();
    const details = await profilesCreate(request({ body: description }), stub.ports);
    expect(details).toMatchObject({
      Name: 'Sales',
      State: 0,
      Version: '1',
      OrganizationUrl: organization.url,
      DestinationType: 'SqlAzure',
      RetryPolicy: { MaxRetryCount: 5, IntervalInSeconds: 7, Backoff: 0 },
      Entities: [
        { Type: 'account', Settings: {} },
        { Type: 'contact', Settings: {} },
      ],
    });
    expect(details.Id).toMatch(/^[0-9a-f-]{36}$/);
    expect(stub.calls).toEqual(['profiles.create']);
  });

  test('creating does not ask the vault', async () => {
    const stub = stubPorts();
    stub.destinationError = new Error('must not be called');
    await expect(created(stub)).resolves.toBeDefined();
  });

  test.each([
    ['untracked', 'DATAVERSE_TRACKING_OFF'],
    ['sitemap', 'TABLE_NOT_EXPORTABLE'],
    ['activitypointer', 'TABLE_NOT_EXPORTABLE'],
    ['nowhere', 'TABLE_UNKNOWN'],
  ])('table %s is refused with %s and its name', async (name, code) => {
    const stub = stubPorts();
    const error = await errorOf(created(stub, { Entities: [{ Type: 'account' }, { Type: name }] }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(`"${name}"`);
    expect(stub.profiles.size).toBe(0);
  });

  test('tables behind relationships are accepted though they are not offered', async () => {
    const names = [{ Type: 'systemuserroles' }, { Type: 'systemusermanagermap' }];
    await expect(created(stubPorts(), { Entities: names })).resolves.toBeDefined();
  });

  test('a member of a wrong kind is told once', () => {
    const wrong = {
      ...description,
      Name: 7,
      OrganizationId: {},
      DestinationKeyVaultUri: [],
      Entities: [{ Type: 1 }],
    };
    const { problems } = readProfileDescription(wrong, stubPorts().ports.secrets);
    expect(sentencesOf(problems)).toEqual([
      'Name must be text, received a number',
      'OrganizationId must be text, received an object',
      'DestinationKeyVaultUri must be text, received a list',
      'Entities[0].Type must be text, received a number',
    ]);
  });

  test('problems of the description and of its tables are told together, each table with its cure', async () => {
    const error = await errorOf(
      created(stubPorts(), { DestinationPrefix: 'no good', Entities: [{ Type: 'nowhere' }] }),
    );
    expect(error.code).toBe('PROFILE_INVALID');
    expect(error.message).toMatch(/^Cannot create profile "Sales": DestinationPrefix .*; table "nowhere" /);
    expect(error.parameters).toEqual([
      expect.stringMatching(/^DestinationPrefix must be .*"no good"$/),
      `table "nowhere" does not exist in the organization (${errorCodes.TABLE_UNKNOWN.cure})`,
    ]);
  });

  test('a name that differs only in case is taken, and free again after a delete', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const change = { Name: ' sALES ', DestinationPrefix: 'other' };
    expect((await errorOf(created(stub, change))).code).toBe('PROFILE_NAME_TAKEN');
    await profilesDelete(request({ id }), stub.ports);
    await expect(created(stub, change)).resolves.toBeDefined();
  });

  test('a table of the same secret, schema and prefix is refused with the name of the other profile', async () => {
    const stub = stubPorts();
    await created(stub);
    const version = `https://CONTOSO.vault.azure.net:443/secrets/reporting/${'0'.repeat(32)}`;
    stub.ports.secrets.problemsOfAddress = () => [];
    const error = await errorOf(
      created(stub, { Name: 'Second', DestinationSchemaName: 'DBO', DestinationKeyVaultUri: version }),
    );
    expect(error.message).toContain('profile "Sales" already fills "account", "contact"');
    await expect(created(stub, { Name: 'Second', DestinationPrefix: 'p2' })).resolves.toBeDefined();
    await expect(
      created(stub, { Name: 'Third', Entities: [{ Type: 'systemuserroles' }] }),
    ).resolves.toBeDefined();
  });

  test('an organization that is not served is refused', async () => {
    const other = '99999999-9999-4999-8999-999999999999';
    expect((await errorOf(created(stubPorts(), { OrganizationId: other }))).code).toBe(
      'ORGANIZATION_UNKNOWN',
    );
  });
});

describe('activate, deactivate, delete', () => {
  test('activation writes each state before its message', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    stub.calls.length = 0;
    expect(await profilesActivate(request({ id }), stub.ports)).toMatchObject({ Id: id, State: 1 });
    expect(stub.calls[0]).toBe('profiles.update');
    for (const name of ['account', 'contact'])
      expect(stub.calls.indexOf(`syncStates.update ${name}`)).toBeLessThan(
        stub.calls.indexOf(`send ${name}`),
      );
    expect(stub.sent).toEqual(
      ['account', 'contact'].map((name) => ({ profileId: id, table: name, activation: 1, turn: 1 })),
    );
  });

  test('activating twice starts nothing twice', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    await profilesActivate(request({ id }), stub.ports);
    expect(await profilesActivate(request({ id }), stub.ports)).toMatchObject({ State: 1 });
    expect(stub.sent).toHaveLength(2);
    expect(stub.profiles.get(id)?.activation).toBe(1);
  });

  test('an activation that was interrupted is finished by the next', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    await profilesActivate(request({ id }), stub.ports);
    stub.states.delete(`${id}/contact`);
    await profilesActivate(request({ id }), stub.ports);
    expect(stub.sent.map((item) => item.table)).toEqual(['account', 'contact', 'contact']);
  });

  test('a second activation makes the first one void and keeps its counters', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    await profilesActivate(request({ id }), stub.ports);
    const first = stub.states.get(`${id}/account`);
    if (first)
      stub.states.set(`${id}/account`, {
        ...first,
        turn: 9,
        phase: 'delta',
        successCount: 40,
        failureCount: 2,
      });
    expect(await profilesDeactivate(request({ id }), stub.ports)).toMatchObject({ State: 0 });
    await profilesActivate(request({ id }), stub.ports);
    expect(stub.states.get(`${id}/account`)).toMatchObject({
      activation: 2,
      turn: 1,
      phase: 'not-started',
      successCount: 40,
      failureCount: 2,
    });
    expect(stub.sent.at(-1)).toMatchObject({ activation: 2 });
  });

  test('deactivating an inactive profile changes nothing', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const before = stub.profiles.get(id);
    expect(await profilesDeactivate(request({ id }), stub.ports)).toMatchObject({ Id: id, State: 0 });
    expect(stub.profiles.get(id)).toEqual(before);
  });

  test('an active profile is marked before its states and its document go', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    await profilesActivate(request({ id }), stub.ports);
    stub.calls.length = 0;
    expect(await profilesDelete(request({ id }), stub.ports)).toBeUndefined();
    expect(stub.calls).toEqual(['profiles.update', 'syncStates.remove', 'profiles.remove']);
    expect(stub.states.size).toBe(0);
  });

  test('a delete that was interrupted is finished by the next; every other call finds nothing', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const profile = stub.profiles.get(id);
    if (profile) stub.profiles.set(id, { ...profile, state: 'deleted' });
    for (const operation of [profilesGet, profilesActivate, profilesDeactivate, profilesFailures])
      expect((await errorOf(operation(request({ id }), stub.ports))).code).toBe('PROFILE_NOT_FOUND');
    expect(await listed(stub, { organizationid: organization.id })).toEqual([]);
    await profilesDelete(request({ id }), stub.ports);
    expect(stub.profiles.size).toBe(0);
    expect((await errorOf(profilesDelete(request({ id }), stub.ports))).code).toBe('PROFILE_NOT_FOUND');
  });

  test('a profile that is deleted while it is being activated stays deleted', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const profile = stub.profiles.get(id);
    const { get } = stub.ports.profiles;
    stub.ports.profiles.get = async (asked) => {
      const found = await get(asked);
      if (profile) stub.profiles.set(id, { ...profile, state: 'deleted' });
      return found;
    };
    expect((await errorOf(profilesActivate(request({ id }), stub.ports))).code).toBe('PROFILE_NOT_FOUND');
    expect(stub.sent).toEqual([]);
  });
});

describe('list, get, failures', () => {
  test('status is sent only when asked for, in the list and for one profile', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const query = { organizationid: organization.id.toUpperCase() };
    const [{ Id, Status }] = await listed(stub, query);
    expect([Id, Status]).toEqual([id, undefined]);
    expect((await profilesGet(request({ id: id.toUpperCase() }), stub.ports)).Status).toBeUndefined();
    const [withStatus] = await listed(stub, { ...query, status: 'TRUE' });
    expect(withStatus.Status).toMatchObject({ InitialSyncState: 'NotStarted', TotalNotifications: 0 });
    expect(
      (await profilesGet(request({ id, query: { status: 'false' } }), stub.ports)).Status,
    ).toBeUndefined();
  });

  test('a list shows what a profile is now, however often it was listed before', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const query = { organizationid: organization.id };
    expect(await listed(stub, query)).toMatchObject([{ Id: id, State: 0 }]);
    await profilesActivate(request({ id }), stub.ports);
    expect(await listed(stub, query)).toMatchObject([{ Id: id, State: 1 }]);
    expect(await listed(stub, query)).toEqual([await profilesGet(request({ id }), stub.ports)]);
  });

  test('a status that is neither true nor false is refused', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const error = await errorOf(profilesGet(request({ id, query: { status: 'maybe' } }), stub.ports));
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', parameters: ['status'] });
  });

  test('a list without an organization is refused', async () => {
    const error = await errorOf(profilesList(request(), stubPorts().ports));
    expect(error).toMatchObject({ code: 'REQUEST_INVALID', parameters: ['organizationId'] });
  });

  test.each(['validate', '', 'not-a-guid', '00000000-0000-4000-8000-000000000000'])(
    'profile id "%s" is not found',
    async (id) => {
      expect((await errorOf(profilesGet(request({ id }), stubPorts().ports))).code).toBe('PROFILE_NOT_FOUND');
    },
  );

  test('the failure link is there before the first activation', async () => {
    const stub = stubPorts();
    const id = await created(stub);
    const answer = await profilesFailures(request({ id }), stub.ports);
    expect(answer).toEqual({ FailureBlobUri: `https://storage.example/profile-${id}?sig=x` });
  });
});
