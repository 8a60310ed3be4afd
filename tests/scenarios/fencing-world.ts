import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { profileStore } from '../../shared/adapters/storage/profile-store.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../../shared/adapters/storage/sync-states.ts';
import type { ApiPorts } from '../../shared/api/api-ports.ts';
import { profilesActivate } from '../../shared/api/profiles-activate.ts';
import { profilesDeactivate } from '../../shared/api/profiles-deactivate.ts';
import { profilesDelete } from '../../shared/api/profiles-delete.ts';
import { slots } from '../../shared/at-most.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { RetryRowItem, SyncTableItem } from '../../shared/model/work-item.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import { retryRows } from '../../shared/sync/retry-rows.ts';
import { runWorkItem } from '../../shared/sync/run-work-item.ts';
import { startDeltaSyncs } from '../../shared/sync/start-delta-syncs.ts';
import type { SyncPorts } from '../../shared/sync/sync-ports.ts';
import { tableShapes } from '../../shared/sync/table-shape.ts';
import type { PostgresUnderTest } from '../adapters/postgres-schema.ts';
import { fakeDataverse, fakeOrganizations } from '../fakes/fake-dataverse.ts';
import { fakeFailureLog } from '../fakes/fake-failures.ts';
import { profile, table } from './replication-world.ts';

type Item = { readonly sync: SyncTableItem } | { readonly retry: RetryRowItem };
export type PausedCall = keyof Destination | 'update';

const lifeCycle = { activate: profilesActivate, deactivate: profilesDeactivate, delete: profilesDelete };

/** Stops at its first call of this name, before it has any effect, until it is told to go on. */
function pauseBefore<T extends object>(port: T, member: string) {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isPaused = false;
  const paused = new Proxy(port, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        if (name === member && !isPaused) {
          isPaused = true;
          reached.resolve();
          await goOn.promise;
        }
        return value.apply(target, given);
      };
    },
  });
  return { paused, reached: reached.promise, goOn: goOn.resolve };
}

/**
 * Workers of one table with a real PostgreSQL and a real storage account; the organization is in memory, and so are the
 * queues, so that a test says who works when. Two profiles want the same place: the second when the first is gone.
 */
export async function fencingWorld(postgres: PostgresUnderTest) {
  const under = await postgres.freshSchema();
  const organization = { id: randomUUID(), name: 'Contoso', url: 'https://contoso.example/', tenantId: '' };
  const source = fakeDataverse(organization, [table]);
  const account = storageAccount(
    { connectionString: inject('storage') },
    { info() {}, warn() {}, error() {} },
  );
  const profiles = profileStore(account);
  const states = syncStates(account);
  const made = (name: string): Profile => ({
    ...profile,
    ...{ id: randomUUID(), organizationId: organization.id, name, state: 'inactive', activation: 0 },
    retryPolicy: { maxRetryCount: 5, intervalSeconds: 1 },
  });
  const [first, rival] = [made('First'), made('Rival')];
  await profiles.create(first);
  await profiles.create(rival);
  let skipped = 0;
  const clock = { now: () => new Date(Date.now() + skipped), sleep: async () => {} };
  let queue: Item[] = [];

  /** A process of its own: what it remembers is shared with nobody. */
  function ports(destination = under.otherWorker, own: Partial<SyncPorts> = {}): SyncPorts {
    return {
      // Other tests have profiles in the same account.
      profiles: {
        ...profiles,
        listActive: async () =>
          (await profiles.list(organization.id)).filter(({ state }) => state === 'active'),
      },
      syncStates: states,
      organizations: fakeOrganizations([{ organization, dataverse: source.dataverse }]),
      destinations: { open: async () => destination },
      queues: {
        syncTable: { send: async (sync) => void queue.push({ sync }) },
        retryRow: { send: async (retry) => void queue.push({ retry }) },
      },
      failureLog: fakeFailureLog().log,
      shapes: tableShapes(clock, false),
      pageSlots: slots(2),
      telemetry: { event() {}, metric() {} },
      clock,
      log: { info() {}, warn() {}, error() {} },
      options: {
        ...{ workItemSeconds: 240, deltaIntervalSeconds: 15, deltaMaxIntervalSeconds: 300 },
        ...{ nudgeGapSeconds: 5, watchdogGraceSeconds: 600 },
        comparison: { rows: 0, intervalSeconds: 3600, doubtSeconds: 600 },
      },
      ...own,
    };
  }
  const work = (item: Item, by: SyncPorts) =>
    'sync' in item ? runWorkItem(item.sync, by) : retryRows(item.retry, by);

  return {
    ...{ source, first, rival, under },
    rejectedRows: () => under.destination.dueRejectedRows(table, clock.now(), 100),
    pass: (seconds: number) => {
      skipped += seconds * 1000;
    },
    call: (name: keyof typeof lifeCycle, { id }: Profile) =>
      lifeCycle[name](
        {
          caller: { kind: 'application', clientId: '', tenantId: '', roles: ['Profiles.Manage'] },
          ...{ origin: '', query: {}, id, body: {} },
        },
        ports() as SyncPorts & ApiPorts,
      ),
    /** What is in the queue; it is taken out. */
    take: () => queue.splice(0),
    queued: () => queue.length,
    run: (item: Item) => work(item, ports()),
    /** A worker that sleeps before its first call of this name; `wake` resolves when it has come to its end. */
    async asleep(item: Item, member: PausedCall) {
      const port = pauseBefore<object>(member === 'update' ? states : under.destination, member);
      const own = member === 'update' ? { syncStates: port.paused as typeof states } : {};
      const destination = member === 'update' ? under.destination : (port.paused as Destination);
      const ended = work(item, ports(destination, own));
      await Promise.race([
        port.reached,
        ended.then(() => Promise.reject(new Error(`The worker ended without ${member}.`))),
      ]);
      return {
        wake: () => {
          port.goOn();
          return ended;
        },
      };
    },
    /** Another worker does all that is queued, and what follows from it, for some rounds. */
    async others(rounds = 4): Promise<void> {
      for (let round = 0; round < rounds; round += 1) {
        skipped += 20_000;
        for (const item of queue.splice(0)) await work(item, ports());
      }
    },
    /** Eleven minutes later the watchdog sends again what is overdue. */
    async watchdog(): Promise<void> {
      skipped += 660_000;
      await startDeltaSyncs(ports());
    },
    states: async ({ id }: Profile) => states.list(id),
    /** How far all are: by the states of the tables, and in the destination. */
    progress: async () => [
      ...(await states.list(first.id)),
      ...(await states.list(rival.id)),
      await under.destination.checkpoint(table),
    ],
    owner: async () => (await under.destination.checkpoint(table))?.profileId,
    /** Ids and names here and there. */
    async sides() {
      const there = [...source.rows(table)].map(([id, { values }]) => [id, values.name]);
      const here = (await under.rows(table)).map(({ Id, name }) => [Id, name]);
      return { there: there.sort(), here: here.sort() };
    },
    async end(): Promise<void> {
      queue = [];
      for (const { id } of [first, rival]) {
        await profiles.remove(id);
        await states.remove(id);
      }
    },
  };
}
