import { expect, test } from 'vitest';
import { exporterInProcess } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';
import { ServiceError } from '../../shared/errors.ts';
import { activated, type Profile, stopped, withTables } from '../../shared/model/profile.ts';
import { newSyncState } from '../../shared/model/sync-state.ts';
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
    secrets: { read: async () => ({ value: '', tags: {} }) },
    resyncRows: async () => undefined,
    wouldTake: async () => undefined,
    trial: async () => [],
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

test('what a foreign exporter cannot tell it tells: its test, the end of a secret, rows, and up to when all is exported', async () => {
  const profiles = fakeProfileStore();
  const syncStates = fakeSyncStates();
  const destination = fakeDestination();
  const profile = { ...aProfile(), state: 'active', activation: 1 } as Profile;
  await profiles.create(profile);
  const lastExportAt = '2026-11-28T18:00:00.000Z';
  let certificate = async (): Promise<Date | undefined> => undefined;
  await syncStates.update(profile.id, 'account', () => ({
    ...newSyncState(profile.id, 'account', 1, lastExportAt),
    ...{ lastExportAt, successCount: 5, failureCount: 2, rowsExpected: 10 },
  }));
  const exporter = exporterInProcess({
    profiles,
    syncStates,
    organizations: {
      all: async () => [{ id: profile.organizationId, name: 'Contoso', url: '', tenantId: '' }],
    },
    failureLog: { link: async () => '' },
    destinations: {
      open: async () => ({ ...destination, rowCount: async () => 7, certificateEndsAt: () => certificate() }),
    },
    secrets: { read: async () => ({ value: '', tags: {}, endsAt: lastExportAt }) },
    calls: noProfileCalls,
    resyncRows: async (_profile, table, { length }) => (table === 'account' ? length : undefined),
    wouldTake: async () => undefined,
    trial: async () => [
      { severity: 'ok', message: 'Fine.' },
      { severity: 'error', message: 'Cannot connect.' },
      { severity: 'error', message: 'Cannot read.' },
    ],
  });
  const [told] = await exporter.profiles();
  expect(told?.tables[0]).toMatchObject({ name: 'account', syncedAt: lastExportAt, progress: 17 });
  expect(await exporter.test(profile.id)).toEqual({
    isPassed: false,
    report: 'Cannot connect. Cannot read.',
  });
  expect(await exporter.secret(profile.id)).toEqual({ endsAt: lastExportAt });
  const before = '2026-11-27T18:00:00.000Z';
  certificate = async () => new Date(before);
  expect(await exporter.secret(profile.id)).toEqual({ endsAt: before, isCertificate: true });
  certificate = () => Promise.reject(new ServiceError('DESTINATION_UNREACHABLE', 'Cannot connect.'));
  expect(await exporter.secret(profile.id)).toEqual({ endsAt: lastExportAt });
  expect(await exporter.rowCount(profile.id, 'account')).toBe(7);
  expect(await exporter.resync(profile.id, 'account', ['x'])).toBe(true);
  expect(await exporter.resync(profile.id, 'contact', ['x'])).toBe(false);
  await expect(exporter.test('none')).rejects.toMatchObject({ code: 'PROFILE_NOT_FOUND' });
});
