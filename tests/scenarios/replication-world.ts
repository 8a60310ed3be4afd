import type { ApiPorts } from '../../shared/api/api-ports.ts';
import { profilesActivate } from '../../shared/api/profiles-activate.ts';
import { profilesActivateMetadata } from '../../shared/api/profiles-activate-metadata.ts';
import { profilesDeactivate } from '../../shared/api/profiles-deactivate.ts';
import { profilesDelete } from '../../shared/api/profiles-delete.ts';
import { profilesResync } from '../../shared/api/profiles-resync.ts';
import { slots } from '../../shared/at-most.ts';
import { ServiceError } from '../../shared/errors.ts';
import type { ApiRequest } from '../../shared/model/api-request.ts';
import { type Profile, withTables } from '../../shared/model/profile.ts';
import type { Attribute } from '../../shared/model/table-schema.ts';
import type { RetryRowItem, SyncTableItem } from '../../shared/model/work-item.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import { tableNudges } from '../../shared/sync/nudge-table.ts';
import { reconcileTables } from '../../shared/sync/reconcile-tables.ts';
import { retryRows } from '../../shared/sync/retry-rows.ts';
import { runWorkItem } from '../../shared/sync/run-work-item.ts';
import { startDeltaSyncs } from '../../shared/sync/start-delta-syncs.ts';
import type { SyncPorts } from '../../shared/sync/sync-ports.ts';
import { tableShapes } from '../../shared/sync/table-shape.ts';
import {
  attribute,
  type FakeDataverseOptions,
  fakeDataverse,
  fakeOrganizations,
} from '../fakes/fake-dataverse.ts';
import { fakeDestination } from '../fakes/fake-destination.ts';
import { fakeFailureLog } from '../fakes/fake-failures.ts';
import { fakeProfileStore, fakeSyncStates } from '../fakes/fake-storage.ts';
import { fakeTelemetry } from '../fakes/fake-telemetry.ts';

/** Thrown in place of a port's answer: the process died there. */
export class Crash extends Error {}

/** Where the next process dies: at its n-th call to a port, before or after the call had its effect. */
export interface CrashPoint {
  readonly atCall: number;
  readonly isAfterEffect: boolean;
}

/** What happens in another process while this one is at its n-th call to a port, before the call has its effect. */
export interface Meanwhile {
  readonly atCall: number;
  readonly act: () => Promise<void>;
}

type Message =
  | { readonly kind: 'sync'; readonly item: SyncTableItem; visibleAt: number }
  | { readonly kind: 'retry'; readonly item: RetryRowItem; visibleAt: number };

export const table = 'account';
const organization = {
  id: '22222222-2222-4222-8222-222222222222',
  name: 'Contoso',
  url: 'https://contoso.example/',
  tenantId: '11111111-1111-4111-8111-111111111111',
};
export const profile: Profile = {
  id: 'aaaaaaaa-1111-4111-8111-111111111111',
  organizationId: organization.id,
  organizationUrl: organization.url,
  name: 'Reporting',
  version: 1,
  state: 'active',
  activation: 1,
  destination: { type: 'PostgreSql', keyVaultUri: '', schema: 'dbo', prefix: '' },
  tables: [{ name: table, settings: {} }],
  retryPolicy: { maxRetryCount: 2, intervalSeconds: 5 },
  writeDeleteLog: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  lastModifiedAt: '2026-01-01T00:00:00.000Z',
};

const lifeCycle = {
  activate: profilesActivate,
  activateMetadata: profilesActivateMetadata,
  deactivate: profilesDeactivate,
  delete: profilesDelete,
  resync: profilesResync,
};

/** Another profile that wants the same table in the same place. */
export const rival: Profile = {
  ...profile,
  id: 'bbbbbbbb-1111-4111-8111-111111111111',
  name: 'Rival',
  state: 'inactive',
  activation: 0,
};

export interface WorldOptions extends FakeDataverseOptions {
  /** Pages that a process holds at a time. */
  readonly pages?: number;
  /** How long a page takes; a turn ends after 240 seconds. */
  readonly secondsAPage?: number;
  /** By how many steps of other work the answers of pages come late, in turn. */
  readonly latencies?: readonly number[];
}

/**
 * Replication with everything outside in memory: queues that deliver at least once, processes that die, a clock. A real
 * destination may be given in place of the one in memory.
 */
export async function replicationWorld(
  { pages = 2, secondsAPage = 0, latencies = [], ...options }: WorldOptions = {},
  given?: Destination,
) {
  const source = fakeDataverse(organization, [table], options);
  const destination = fakeDestination();
  const { readPage } = source.dataverse;
  let pagesRead = 0;
  let labels: readonly string[] = [];
  let throttled: { requestsBefore: number; readonly seconds: number } | undefined;
  source.dataverse.readPage = async (request) => {
    now += secondsAPage * 1000;
    pagesRead += 1;
    const page = await readPage(request);
    for (let steps = latencies[pagesRead % latencies.length] ?? 0; steps > 0; steps -= 1) await undefined;
    return page;
  };
  /** The organization's answers to the engine, of which one may be that it is asked too much. */
  const dataverse = new Proxy(source.dataverse, {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const fault = throttled && throttled.requestsBefore-- === 0 ? throttled : undefined;
        if (!fault) return member.apply(target, args);
        throttled = undefined;
        const message = 'Cannot read: Dataverse asked to wait.';
        throw new ServiceError('DATAVERSE_THROTTLED', message, { retryAfterSeconds: fault.seconds });
      };
    },
  });
  const failures = fakeFailureLog();
  const { telemetry, events } = fakeTelemetry();
  const messages: Message[] = [];
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = { now: () => new Date(now), sleep: async () => {} };
  const stable = {
    profiles: fakeProfileStore(),
    syncStates: fakeSyncStates(),
    syncQueue: {
      send: async (item: SyncTableItem, delaySeconds = 0) => {
        messages.push({ kind: 'sync', item, visibleAt: now + delaySeconds * 1000 });
      },
    },
    retryQueue: {
      send: async (item: RetryRowItem, delaySeconds = 0) => {
        messages.push({ kind: 'retry', item, visibleAt: now + delaySeconds * 1000 });
      },
    },
  };
  await stable.profiles.create(profile);
  await stable.profiles.create(rival);

  // What a process keeps in memory lives until it dies.
  const emptyMemory = () => ({ shapes: tableShapes(clock, false), pageSlots: slots(pages) });
  let memory = emptyMemory();

  /** The ports of the process, or of one that dies: with a crash point every call from there on fails. */
  function processPorts(crash?: CrashPoint, meanwhile?: Meanwhile, known = memory): SyncPorts {
    let calls = 0;
    const mortal = <T extends object>(port: T): T =>
      new Proxy(port, {
        get(target, name) {
          const member = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            calls += 1;
            if (calls === meanwhile?.atCall) await meanwhile.act();
            if (crash && (calls > crash.atCall || (calls === crash.atCall && !crash.isAfterEffect)))
              throw new Crash();
            const answer = await member.apply(target, args);
            if (crash && calls >= crash.atCall) throw new Crash();
            return answer;
          };
        },
      });
    return {
      profiles: mortal(stable.profiles),
      syncStates: mortal(stable.syncStates),
      organizations: fakeOrganizations([{ organization, dataverse: mortal(dataverse) }]),
      destinations: { open: async () => mortal(given ?? destination) },
      queues: { syncTable: mortal(stable.syncQueue), retryRow: mortal(stable.retryQueue) },
      failureLog: mortal(failures.log),
      ...known,
      telemetry,
      clock,
      log: { info() {}, warn() {}, error() {} },
      options: {
        workItemSeconds: 240,
        deltaIntervalSeconds: 15,
        deltaMaxIntervalSeconds: 300,
        nudgeGapSeconds: 5,
        watchdogGraceSeconds: 600,
        comparison: { rows: 6, intervalSeconds: 3600, doubtSeconds: 600 },
      },
    };
  }

  const survived = async (work: Promise<unknown>): Promise<boolean> => {
    try {
      await work;
      return true;
    } catch (error) {
      if (!(error instanceof Crash || (error instanceof Error && error.cause instanceof Crash))) throw error;
      memory = emptyMemory();
      return false;
    }
  };

  /** Delivers the n-th visible message; it stays when the process died, or when the queue delivers it twice. */
  async function deliver(
    index: number,
    crash?: CrashPoint,
    isKept = false,
    meanwhile?: Meanwhile,
    known = memory,
  ): Promise<void> {
    const visible = messages.filter((message) => message.visibleAt <= now);
    const message = visible[index % Math.max(1, visible.length)];
    if (!message) return;
    message.visibleAt = now + 30_000;
    const ports = processPorts(crash, meanwhile, known);
    const work = message.kind === 'sync' ? runWorkItem(message.item, ports) : retryRows(message.item, ports);
    if ((await survived(work)) && !isKept) messages.splice(messages.indexOf(message), 1);
  }

  /** A call of the API; one that dies on its way may have done a part. */
  async function call(
    name: keyof typeof lifeCycle,
    { id } = profile,
    crash?: CrashPoint,
    meanwhile?: Meanwhile,
    body?: object,
  ): Promise<void> {
    const ports = processPorts(crash, meanwhile) as SyncPorts & ApiPorts;
    const caller = { kind: 'application', clientId: '', tenantId: '', roles: ['Profiles.Manage'] } as const;
    const request: ApiRequest = { caller, origin: '', query: {}, id, body };
    await survived(lifeCycle[name](request, ports));
  }

  const watchdog = (crash?: CrashPoint, meanwhile?: Meanwhile) =>
    survived(startDeltaSyncs(processPorts(crash, meanwhile)));

  /** One instance that webhooks call, with what it remembers of earlier calls. */
  function webhookInstance(crash?: CrashPoint): () => Promise<boolean> {
    const nudge = tableNudges(processPorts(crash));
    return () => nudge({ table, organization: organization.id });
  }
  const reconcile = (crash?: CrashPoint) => survived(reconcileTables(processPorts(crash)));

  return {
    source,
    webhookInstance: () => webhookInstance(),
    nudge: (crash?: CrashPoint) => survived(webhookInstance(crash)()),
    destination,
    failures,
    syncStates: stable.syncStates,
    deliver,
    watchdog,
    /** What a process has of the outside. */
    ports: () => processPorts(),
    reconcile,
    /** How many rows were told to differ from Dataverse. */
    driftTold: () =>
      events
        .filter(({ name }) => name === 'sync.table.compared')
        .flatMap(({ data: { missingRows, surplusRows, olderRows, newerRows } }) =>
          [missingRows, surplusRows, olderRows, newerRows].map(Number),
        )
        .reduce((sum, rows) => sum + rows, 0),
    messageCount: () => messages.length,
    now: () => now,
    tick(seconds: number): void {
      now += seconds * 1000;
    },
    call,
    /** The same in another process, whose memory knows nothing yet. */
    deliverElsewhere: (index: number) => deliver(index, undefined, false, undefined, emptyMemory()),
    create: (one: Profile) => stable.profiles.create(one),
    /** A change of the profile, as an update makes it. */
    async change(
      members: Partial<Pick<Profile, 'retryPolicy' | 'tables' | 'writeDeleteLog'>>,
      { id } = profile,
    ): Promise<void> {
      await stable.profiles.update(id, (current) => ({
        ...withTables(current, members.tables ?? current.tables),
        ...members,
        version: current.version + 1,
      }));
    },
    hasColumn: (name: string) =>
      source.definition(table).attributes.some(({ logicalName }) => logicalName === name),
    /** Somebody adds a column to the table in Dataverse. */
    addColumn(name: string): void {
      const definition = source.definition(table);
      const fax = { ...definition.attributes[1], logicalName: name, isPrimaryName: false } as Attribute;
      if (definition.attributes.some(({ logicalName }) => logicalName === name)) return;
      source.define({ ...definition, attributes: [...definition.attributes, fax] });
    },
    /** Somebody deletes one. */
    removeColumn(name: string): void {
      const definition = source.definition(table);
      const attributes = definition.attributes.filter(({ logicalName }) => logicalName !== name);
      source.define({ ...definition, attributes });
    },
    labels: () => labels,
    /** Dataverse refuses a request, so many after now, and asks to wait. */
    throttle(requestsBefore: number, seconds: number): void {
      throttled = { requestsBefore, seconds };
    },
    /** Somebody gives the only option of a choice another label; the choice is made where it is missing. */
    relabel(text: string): void {
      labels = [text];
      const definition = source.definition(table);
      if (!definition.attributes.some(({ logicalName }) => logicalName === 'rating'))
        source.define({
          ...definition,
          attributes: [...definition.attributes, attribute('rating', 'Picklist')],
        });
      const options = [{ value: 1, labels: [{ text, language: 1033 }] }];
      source.defineOptions(table, [{ attribute: 'rating', isGlobal: false, options }]);
    },
    /** The destination refuses rows of this name, or takes them again. */
    refuseBadRows: (isOn: boolean) =>
      destination.refuseRows((_, row) =>
        isOn && row.name === 'bad'
          ? { code: 'ROW_CONSTRAINT_VIOLATED', wrong: 'a constraint refused it' }
          : undefined,
      ),
    /** Ids in the failure log of anybody: rows that were given up and come again only when they are touched. */
    givenUp(): ReadonlySet<string> {
      const texts = [...failures.containers.values()].flatMap((blobs) => [...blobs.values()].map(String));
      return new Set([...texts.join('').matchAll(/RecordId: ([0-9a-f-]{36})/g)].map(([, id]) => id ?? ''));
    },
    /** Lets time pass and every message be delivered, without any crash. */
    async settle(): Promise<void> {
      for (let round = 0; round < 40; round += 1) {
        now += round % 10 === 9 ? 700_000 : 20_000;
        await watchdog();
        await reconcile();
        for (let left = messages.length; left > 0; left -= 1) await deliver(0);
      }
    },
  };
}
