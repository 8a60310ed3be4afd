import { expect, test } from 'vitest';
import { exporterInProcess } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';
import { activated, type Profile, stopped, withTables } from '../../shared/model/profile.ts';
import { aProfile } from '../contracts/storage.ts';
import { fakeDestination } from '../fakes/fake-destination.ts';
import { noProfileCalls } from '../fakes/fake-profile-calls.ts';
import { fakeProfileStore, fakeSyncStates } from '../fakes/fake-storage.ts';

test('a table is exported while an active profile names it and an activation has asked for its rows', async () => {
  const profiles = fakeProfileStore();
  const profile = aProfile();
  await profiles.create(profile);
  const { exports } = exporterInProcess({
    profiles,
    syncStates: fakeSyncStates(),
    organizations: { all: async () => [] },
    failureLog: { link: async () => '' },
    destinations: { open: async () => fakeDestination() },
    calls: noProfileCalls,
  });
  const isExported = async (become: (current: Profile) => Profile) => {
    await profiles.update(profile.id, become);
    return exports(profile.id, 'account');
  };
  const contact = { name: 'contact', settings: {} };
  expect(await exports(crypto.randomUUID(), 'account')).toBe(false);
  expect(await exports(profile.id, 'account')).toBe(false);
  expect(await isExported((current) => activated(current, 'metadata'))).toBe(false);
  expect(await isExported((current) => activated(current, 'all'))).toBe(true);
  expect(await isExported((current) => withTables(current, [contact]))).toBe(false);
  expect(await isExported((current) => withTables(current, [contact, ...profile.tables]))).toBe(false);
  expect(await isExported((current) => activated(current, 'all'))).toBe(true);
  expect(await isExported((current) => stopped(current, 'inactive'))).toBe(false);
  expect(await isExported((current) => stopped(current, 'deleted'))).toBe(false);
});
