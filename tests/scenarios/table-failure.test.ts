import { expect, test } from 'vitest';
import { exporterInProcess } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';
import type { AutomationPorts } from '../../shared/automation/automation-ports.ts';
import { ingestFailures } from '../../shared/automation/ingest-failures.ts';
import { planRetouches } from '../../shared/automation/plan-retouches.ts';
import { ServiceError } from '../../shared/errors.ts';
import { fakeOrganizations } from '../fakes/fake-dataverse.ts';
import { fakeFailureLedger } from '../fakes/fake-failures.ts';
import { noProfileCalls } from '../fakes/fake-profile-calls.ts';
import { fakeProfileStore, fakeTouchFacts } from '../fakes/fake-storage.ts';
import { profile, replicationWorld, table } from './replication-world.ts';

const refusal = new ServiceError('DESTINATION_LOGIN_FAILED', 'Cannot connect: the login was refused.');

/** The engine with one idle table, watched by the automation; everything outside is in memory. */
async function watchedTable() {
  const world = await replicationWorld();
  let now = Date.parse('2026-01-01T00:00:00Z');
  const events: string[] = [];
  const ledger = fakeFailureLedger();
  const profiles = fakeProfileStore();
  await profiles.create(profile);
  const nothingSent = { send: () => Promise.reject(new Error('No row is to be touched.')) };
  const organizations = { ...fakeOrganizations([]), all: async () => [organization] };
  const ports: AutomationPorts = {
    exporter: exporterInProcess({
      profiles,
      organizations,
      syncStates: world.syncStates,
      failureLog: world.failures.log,
      destinations: { open: async () => world.destination },
      secrets: { read: async () => ({ value: '', tags: {} }) },
      resyncRows: async () => undefined,
      wouldTake: async () => undefined,
      trial: async () => [],
      calls: noProfileCalls,
    }),
    failureBlobs: world.failures.blobs,
    ledger,
    touchFacts: fakeTouchFacts(),
    statusHistory: { add: async () => {}, latest: async () => [], purge: async () => 0 },
    organizations,
    queues: { retouchRow: nothingSent, verifyRow: nothingSent },
    telemetry: { event: (name) => void events.push(name), metric() {} },
    clock: { now: () => new Date(now) },
    log: { info() {}, warn() {}, error() {} },
    options: {
      ...{ retouchFirstDelaySeconds: 60, retouchMaxDelaySeconds: 21_600, retouchMaxAttempts: 12 },
      ...{ verifyIntervalSeconds: 30, verifyTimeoutSeconds: 900 },
      ...{
        retouchWritesPerMinute: 600,
        isRetouchQuiet: false,
        isRetouchDryRun: false,
        isResyncPreferred: false,
        selfTestDays: 7,
      },
    },
    ingestSeconds: 240,
  };
  await world.call('activate');
  return {
    ...world,
    events,
    async replicate(minutes: number): Promise<void> {
      for (let minute = 0; minute < minutes; minute++) {
        world.tick(60);
        now += 60_000;
        for (let left = world.messageCount(); left > 0; left--) await world.deliver(0);
      }
    },
    async poll(): Promise<void> {
      await ingestFailures(ports);
      await planRetouches(ports);
    },
    async states(): Promise<readonly string[]> {
      const logged = [...(world.failures.containers.get(profile.id)?.values() ?? [])].map(String).join('');
      expect(logged.split('RecordId: N/A')).toHaveLength(2);
      const open: string[] = [];
      for await (const { state } of ledger.open(profile.id)) open.push(state);
      return open;
    },
  };
}

const organization = {
  id: profile.organizationId,
  name: 'Contoso',
  url: profile.organizationUrl,
  tenantId: '11111111-1111-4111-8111-111111111111',
};

test('a failure of a whole table is healed at the poll after the table exports again, also when nothing changed', async () => {
  const watched = await watchedTable();
  await watched.replicate(20);
  watched.destination.failWith(refusal);
  await watched.replicate(20);
  await watched.poll();
  await watched.poll();
  expect(await watched.states()).toEqual(['waiting']);
  watched.destination.failWith(undefined);
  await watched.replicate(6);
  const state = await watched.syncStates.get(profile.id, table);
  expect(state).toMatchObject({ lastExportStatus: 'Success' });
  await watched.poll();
  expect(await watched.states()).toEqual([]);
  expect(watched.events).not.toContain('automation.row.abandoned');
});

test('a failure of a whole table that is read after the table exported again is healed, and nobody is called', async () => {
  const watched = await watchedTable();
  await watched.replicate(20);
  watched.destination.failWith(refusal);
  await watched.replicate(20);
  watched.destination.failWith(undefined);
  await watched.replicate(6);
  await watched.poll();
  expect(await watched.states()).toEqual(['waiting']);
  // The log names no time, so the export must be later by more than the clocks may differ.
  await watched.replicate(11);
  await watched.poll();
  expect(await watched.states()).toEqual([]);
  for (let hour = 0; hour < 35; hour++) {
    await watched.replicate(60);
    await watched.poll();
  }
  expect(watched.events).not.toContain('automation.row.abandoned');
});
