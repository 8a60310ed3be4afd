import { expect, test } from 'vitest';
import { exporterInProcess } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';
import { stopped } from '../../shared/model/profile.ts';
import { aProfile } from '../contracts/storage.ts';
import { fakeDestination } from '../fakes/fake-destination.ts';
import { fakeProfileStore, fakeSyncStates } from '../fakes/fake-storage.ts';

async function start() {
  const profiles = fakeProfileStore();
  const profile = aProfile({ state: 'active', activation: 1 });
  await profiles.create(profile);
  const destination = { ...fakeDestination(), rowVersions: async () => new Map([['a row', '7']]) };
  const exporter = exporterInProcess({
    profiles,
    syncStates: fakeSyncStates(),
    organizations: { all: async () => [] },
    failureLog: { link: async () => '' },
    destinations: { open: async () => destination },
  });
  return { profiles, profile, versions: (id = profile.id) => exporter.rowVersions(id, 'account', ['a row']) };
}

test('row versions are told of a table that an active profile names', async () => {
  const { versions } = await start();
  expect(await versions()).toEqual(new Map([['a row', '7']]));
});

test('row versions are not told when the profile is gone, inactive, being deleted, or names the table no more', async () => {
  const { profiles, profile, versions } = await start();
  const notFound = { code: 'PROFILE_NOT_FOUND' };
  await expect(versions(crypto.randomUUID())).rejects.toMatchObject(notFound);
  await profiles.update(profile.id, (current) => ({
    ...current,
    tables: [{ name: 'contact', settings: {} }],
  }));
  await expect(versions()).rejects.toMatchObject(notFound);
  for (const state of ['inactive', 'deleted'] as const) {
    await profiles.update(profile.id, () => stopped(profile, state));
    await expect(versions()).rejects.toMatchObject(notFound);
  }
});
