import { describe, expect, test } from 'vitest';
import { profilesActivate } from '../../../shared/api/profiles-activate.ts';
import { profilesActivateData } from '../../../shared/api/profiles-activate-data.ts';
import { profilesActivateMetadata } from '../../../shared/api/profiles-activate-metadata.ts';
import { profilesCreate } from '../../../shared/api/profiles-create.ts';
import { profilesDelete } from '../../../shared/api/profiles-delete.ts';
import { profilesGet } from '../../../shared/api/profiles-get.ts';
import { profilesUpdate } from '../../../shared/api/profiles-update.ts';
import { exportsOf, type Profile } from '../../../shared/model/profile.ts';
import { description, errorOf, reader, request, type Stub, secretAddress, stubPorts } from './stub-ports.ts';

/** Ports with a stored profile of the tables account and contact, and what a client got of it. */
async function stored({ isActive = false } = {}) {
  const stub = stubPorts();
  const details = await profilesCreate(request({ body: description }), stub.ports);
  const id = String(details.Id);
  if (isActive) await profilesActivate(request({ id }), stub.ports);
  const document = async () => JSON.parse(JSON.stringify(await profilesGet(request({ id }), stub.ports)));
  const put = (body: unknown) => profilesUpdate(request({ id, body }), stub.ports);
  const change = async (members: object) => put({ ...(await document()), ...members });
  const profile = () => stub.profiles.get(id) as Profile;
  const exported = () => exportsOf(profile()).map(({ table }) => table);
  return { stub, id, document, put, change, profile, exported };
}

const later = (stub: Stub) =>
  Object.assign(stub.ports.clock, { now: () => new Date('2026-11-24T00:00:00.000Z') });

describe.each([{ isActive: false }, { isActive: true }])(
  'a document is replaced (active: $isActive)',
  (how) => {
    test('by what was got, unchanged: only its version and its dates move', async () => {
      const { stub, put, document, profile } = await stored(how);
      const before = profile();
      later(stub);
      expect(await put(await document())).toMatchObject({ Id: before.id, State: how.isActive ? 1 : 0 });
      const now = '2026-11-24T00:00:00.000Z';
      expect(profile()).toEqual({ ...before, version: 2, updatedAt: now, lastModifiedAt: now });
      expect(await document()).toMatchObject({ Version: '2', UpdateTime: now, LastModified: now });
    });

    test('by what a generated client makes of it', async () => {
      const { put, document, profile } = await stored(how);
      const { Version, ...got } = await document();
      await put({
        ...got,
        Version: Number(Version),
        State: String(got.State),
        Status: null,
        UpdateTime: null,
        Extra: 7,
        Entities: got.Entities.map(({ Type }: { Type: string }) => ({
          Type,
          Object: {},
          Status: { Type: 1 },
        })),
      });
      expect(profile()).toMatchObject({ version: 2, tables: [{ name: 'account' }, { name: 'contact' }] });
    });

    test('with name, retry policy and delete log changed; what is absent has its preset', async () => {
      const { change, profile } = await stored(how);
      await change({ Name: 'Marketing', RetryPolicy: { IntervalInSeconds: 60 }, WriteDeleteLog: null });
      expect(profile()).toMatchObject({
        name: 'Marketing',
        retryPolicy: { maxRetryCount: 12, intervalSeconds: 60 },
        writeDeleteLog: false,
      });
    });

    test('only with a version, which must be the present one', async () => {
      const { change, profile } = await stored(how);
      for (const Version of [undefined, null, ''])
        expect(await errorOf(change({ Version }))).toMatchObject({
          code: 'PROFILE_INVALID',
          message: expect.stringContaining('Version is missing'),
        });
      for (const Version of ['0', '2', 'other'])
        expect(await errorOf(change({ Version }))).toMatchObject({
          code: 'PROFILE_CHANGED',
          parameters: ['1'],
        });
      expect(profile().version).toBe(1);
    });

    test('never when somebody else was faster, however late that shows', async () => {
      const { stub, change, profile } = await stored(how);
      const { update } = stub.ports.profiles;
      stub.ports.profiles.update = async (id, decide) => {
        stub.ports.profiles.update = update;
        await change({ Name: 'Faster' });
        return update(id, decide);
      };
      expect((await errorOf(change({ Name: 'Slower' }))).code).toBe('PROFILE_CHANGED');
      expect(profile()).toMatchObject({ name: 'Faster', version: 2 });
    });

    test('never with another id or organization, and all problems are told at once', async () => {
      const { id, change, profile } = await stored(how);
      const other = '99999999-9999-4999-8999-999999999999';
      expect(await errorOf(change({ Id: other }))).toMatchObject({
        code: 'PROFILE_INVALID',
        message: expect.stringContaining(`Id must be that of the address, "${id}"`),
      });
      await change({ Id: id.toUpperCase() });
      expect(await errorOf(change({ OrganizationId: other }))).toMatchObject({
        code: 'PROFILE_CHANGE_REFUSED',
        message: expect.stringMatching(/^Cannot update profile "Sales": OrganizationId stays "2222/),
      });
      const wrong = {
        Id: other,
        Name: '',
        OrganizationId: other,
        DestinationPrefix: '-',
        Entities: [{ Type: 'nowhere' }],
      };
      const error = await errorOf(change(wrong));
      expect(error.code).toBe('PROFILE_INVALID');
      const members = error.parameters.map((sentence) => sentence.split(' ')[0]);
      expect(members).toEqual(['Id', 'Name', 'DestinationPrefix', 'OrganizationId', 'table']);
      expect(profile().version).toBe(2);
    });

    test('never by nothing', async () => {
      const { put } = await stored(how);
      for (const body of [undefined, null, [], 'text', {}])
        expect(await errorOf(put(body))).toMatchObject({ code: 'PROFILE_INVALID' });
      expect((await errorOf(put([]))).message).toMatch(/: The body must be an object, received a list\.$/);
    });

    test('never with the name or the place of another profile', async () => {
      const { stub, change } = await stored(how);
      const second = { ...description, Name: 'Second', DestinationPrefix: 'p2' };
      await profilesCreate(request({ body: second }), stub.ports);
      expect((await errorOf(change({ Name: 'SECOND' }))).code).toBe('PROFILE_NAME_TAKEN');
      const third = { ...description, Name: 'Third', Entities: [{ Type: 'systemuserroles' }] };
      await profilesCreate(request({ body: third }), stub.ports);
      expect((await errorOf(change({ Entities: third.Entities }))).message).toContain(
        'profile "Third" already',
      );
    });

    test('never by somebody who may only watch', async () => {
      const { stub, id, document } = await stored(how);
      const body = await document();
      const error = await errorOf(profilesUpdate(request({ id, body, caller: reader }), stub.ports));
      expect(error.code).toBe('REQUEST_NOT_ALLOWED');
    });
  },
);

const elsewhere = {
  DestinationType: 'PostgreSql',
  DestinationSchemaName: 'other',
  DestinationPrefix: 'p',
  DestinationKeyVaultUri: `${secretAddress}2`,
};

describe('where the rows go', () => {
  test('may change while the profile is inactive', async () => {
    const { change, profile } = await stored();
    await change(elsewhere);
    expect(profile().destination).toEqual({
      type: 'PostgreSql',
      schema: 'other',
      prefix: 'p',
      keyVaultUri: `${secretAddress}2`,
    });
  });

  test('stays while it is active; each member is named with the reason', async () => {
    const { change, profile } = await stored({ isActive: true });
    const error = await errorOf(change(elsewhere));
    expect(error.code).toBe('PROFILE_CHANGE_REFUSED');
    expect(error.parameters).toEqual([
      'DestinationType stays "SqlAzure" while the profile is active: its tables are there',
      'DestinationSchemaName stays "dbo" while the profile is active: its tables are there',
      'DestinationPrefix stays "" while the profile is active: its tables are there',
      'DestinationKeyVaultUri names the same secret, in any version, while the profile is active: its tables are there',
    ]);
    expect(profile().version).toBe(1);
  });

  test('stays also when the activation comes between', async () => {
    const { stub, id, change, profile } = await stored();
    const { update } = stub.ports.profiles;
    stub.ports.profiles.update = async (...given) => {
      stub.ports.profiles.update = update;
      await profilesActivate(request({ id }), stub.ports);
      return update(...given);
    };
    expect((await errorOf(change({ DestinationPrefix: 'p' }))).code).toBe('PROFILE_CHANGE_REFUSED');
    expect(profile().destination.prefix).toBe('');
  });

  test('another version of the secret may be named', async () => {
    const { change, profile } = await stored({ isActive: true });
    await change({ DestinationKeyVaultUri: `${secretAddress}/${'0'.repeat(32)}` });
    expect(profile().destination.keyVaultUri).toBe(`${secretAddress}/${'0'.repeat(32)}`);
  });
});

describe('tables of an active profile', () => {
  const only = (...names: string[]) => ({ Entities: names.map((Type) => ({ Type })) });

  test('that are taken out are not exported any more; the others go on undisturbed', async () => {
    const { stub, change, exported } = await stored({ isActive: true });
    const before = stub.states.size;
    await change(only('contact'));
    expect(exported()).toEqual(['contact']);
    expect([stub.states.size, stub.sent.length]).toEqual([before, 2]);
  });

  test('that are added wait for the next activation, which starts only them', async () => {
    const { stub, id, change, exported } = await stored({ isActive: true });
    await change(only('account', 'contact', 'systemuserroles'));
    expect(exported()).toEqual(['account', 'contact']);
    stub.sent.length = 0;
    await profilesActivate(request({ id }), stub.ports);
    expect(exported()).toEqual(['account', 'contact', 'systemuserroles']);
    expect(stub.sent).toEqual([{ profileId: id, table: 'systemuserroles', activation: 2, turn: 1 }]);
    await profilesActivateData(request({ id }), stub.ports);
    expect(stub.sent).toHaveLength(1);
  });

  test('that were taken out and come back wait too, and are started anew', async () => {
    const { stub, id, change, profile, exported } = await stored({ isActive: true });
    stub.states.set(`${id}/account`, {
      ...(stub.states.get(`${id}/account`) ?? ({} as never)),
      turn: 12,
      initialSyncState: 'Completed',
      metadataState: 'Created',
      successCount: 5,
    });
    await change(only('contact'));
    await change(only('account', 'contact'));
    expect(exported()).toEqual(['contact']);
    const details = await profilesGet(request({ id, query: { status: 'true' } }), stub.ports);
    expect(details.Entities?.[0]).toMatchObject({
      Type: 'account',
      Status: { InitialSyncState: 'NotStarted', SuccessNotifications: 5 },
    });
    await profilesActivate(request({ id }), stub.ports);
    expect(profile().activation).toBe(2);
    expect(stub.states.get(`${id}/account`)).toMatchObject({ activation: 2, turn: 1, successCount: 5 });
    expect(stub.states.get(`${id}/contact`)?.activation).toBe(1);
  });

  test('can be made without their rows, while the others go on', async () => {
    const { stub, id, change, profile } = await stored({ isActive: true });
    await change(only('account', 'systemuserroles'));
    await profilesActivateMetadata(request({ id }), stub.ports);
    expect(exportsOf(profile())).toEqual([
      { table: 'account', activation: 1, scope: 'all' },
      { table: 'systemuserroles', activation: 2, scope: 'metadata' },
    ]);
    await profilesActivateData(request({ id }), stub.ports);
    expect(exportsOf(profile()).map(({ activation, scope }) => [activation, scope])).toEqual([
      [1, 'all'],
      [3, 'all'],
    ]);
  });
});

describe('an activation', () => {
  test('from tables only to all keeps that the tables were made', async () => {
    const { stub, id } = await stored();
    await profilesActivateMetadata(request({ id }), stub.ports);
    const [state] = stub.states.values();
    if (!state) throw new Error('Nothing was started.');
    stub.states.set(`${id}/${state.table}`, { ...state, turn: 4, metadataState: 'Created' });
    await profilesActivate(request({ id }), stub.ports);
    expect(stub.states.get(`${id}/${state.table}`)).toMatchObject({
      activation: 2,
      turn: 1,
      metadataState: 'Created',
    });
  });

  test('with something to do needs the secret afresh; one with nothing to do asks nobody', async () => {
    const { stub, id, profile } = await stored();
    const asked: unknown[] = [];
    const { open } = stub.ports.destinations;
    stub.ports.destinations.open = async (...given) => {
      asked.push(given[1]);
      return open(...given);
    };
    stub.destinationError = new Error('the secret has gone');
    await expect(profilesActivate(request({ id }), stub.ports)).rejects.toBe(stub.destinationError);
    expect(profile().state).toBe('inactive');
    delete stub.destinationError;
    await profilesActivate(request({ id }), stub.ports);
    await profilesActivate(request({ id }), stub.ports);
    await profilesActivateMetadata(request({ id }), stub.ports);
    expect(asked).toEqual([{ isFresh: true }, { isFresh: true }]);
  });

  test('needs the privacy terms where a setting says so', async () => {
    const { stub, id, profile } = await stored();
    const ports = { ...stub.ports, arePrivacyTermsRequired: true };
    for (const activate of [profilesActivate, profilesActivateMetadata, profilesActivateData])
      expect((await errorOf(activate(request({ id }), ports))).code).toBe('PRIVACY_TERMS_NOT_ACCEPTED');
    expect(profile().state).toBe('inactive');
    await profilesActivate(request({ id }), stub.ports);
    expect(await profilesActivate(request({ id }), ports)).toMatchObject({ State: 1 });
  });

  test('leaves nothing behind when the profile is deleted at the same moment', async () => {
    const { stub, id } = await stored();
    const { update } = stub.ports.syncStates;
    stub.ports.syncStates.update = async (...given) => {
      stub.ports.syncStates.update = update;
      await profilesDelete(request({ id }), stub.ports);
      return update(...given);
    };
    await profilesActivate(request({ id }), stub.ports);
    expect([stub.profiles.size, stub.states.size]).toEqual([0, 0]);
  });
});
