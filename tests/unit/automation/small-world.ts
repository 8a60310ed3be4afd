import type { AutomationOptions, AutomationPorts } from '../../../shared/automation/automation-ports.ts';
import { ingestFailures } from '../../../shared/automation/ingest-failures.ts';
import { planRetouches } from '../../../shared/automation/plan-retouches.ts';
import { retouchRows } from '../../../shared/automation/retouch-rows.ts';
import { verifyRows } from '../../../shared/automation/verify-rows.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Failure, FailureEntry } from '../../../shared/model/failure.ts';
import { writeFailureLine } from '../../../shared/model/failure-line.ts';
import type { RetouchRowItem, VerifyRowItem } from '../../../shared/model/work-item.ts';
import type { ExportedProfile } from '../../../shared/ports/exporter-api.ts';
import type { StatusSnapshot } from '../../../shared/ports/status-history.ts';
import { fakeDataverse, fakeOrganizations } from '../../fakes/fake-dataverse.ts';
import { fakeFailureLedger, listedOf, readOf } from '../../fakes/fake-failures.ts';
import { fakeTouchFacts } from '../../fakes/fake-storage.ts';
import { fakeTelemetry } from '../../fakes/fake-telemetry.ts';

export const organization = {
  id: '22222222-2222-4222-8222-222222222222',
  name: 'Contoso',
  url: 'https://contoso.example/',
  tenantId: '11111111-1111-4111-8111-111111111111',
};
export const profileId = '55555555-5555-4555-8555-555555555555';
export const rowId = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const noChange = () => Promise.reject(new Error('No profile is to be changed.'));
export const noChanges = {
  ...{ profileWith: noChange, createProfile: noChange, activate: noChange, deactivate: noChange },
};

/** What a process that died mid-way throws in the tests; a dead process can call nobody any more. */
export class Crash extends Error {}

type Outage = 'exporter' | 'dataverse' | 'storage';

type Message = { readonly visibleAt: number } & (
  | { readonly queue: 'retouch'; readonly item: RetouchRowItem }
  | { readonly queue: 'verify'; readonly item: VerifyRowItem }
);

/**
 * One organization, an exporter with its destination, and the automation's stores, all in memory and in made-up time.
 * Rows whose id is refused go to the failure log instead of the destination.
 */
export function smallWorld(
  given: Partial<AutomationOptions> & {
    hasRowVersions?: boolean;
    startsAt?: string;
    /** How far the exporter's clock is ahead of the automation's. */
    exporterAheadSeconds?: number;
  } = {},
) {
  const { hasRowVersions = true, exporterAheadSeconds = 0, startsAt, ...some } = given;
  const options: AutomationOptions = {
    retouchFirstDelaySeconds: 60,
    retouchMaxDelaySeconds: 600,
    retouchMaxAttempts: 4,
    retouchWritesPerMinute: 6000,
    isRetouchQuiet: false,
    isRetouchDryRun: false,
    isResyncPreferred: false,
    selfTestDays: 7,
    verifyIntervalSeconds: 30,
    verifyTimeoutSeconds: 300,
    ...some,
  };
  let now = Date.parse(startsAt ?? '2026-01-05T08:00:00.250Z');
  const source = fakeDataverse(organization, ['account']);
  const destination = new Map<string, number>();
  const triedVersions = new Map<string, number>();
  const refused = new Map<string, string>();
  const refusedWrites = new Map<string, ServiceError>();
  const blobs = new Map<string, Buffer>();
  const isFilledByOther = { now: false };
  const touched: string[] = [];
  const quiet: string[] = [];
  const resynced: string[] = [];
  const { telemetry, events } = fakeTelemetry();
  const lines: string[] = [];
  const snapshots: StatusSnapshot[] = [];
  const failures = new Map<string, Failure>();
  const stored = fakeFailureLedger();
  const touchFacts = fakeTouchFacts();
  const ledger: typeof stored = {
    ...stored,
    add: async (given) => {
      const added = await stored.add(given);
      for (const failure of added) failures.set(failure.id, failure);
      return added;
    },
    update: async (...change) => {
      const after = await stored.update(...change);
      for (const failure of after) failures.set(failure.id, failure);
      return after;
    },
  };
  let messages: Message[] = [];
  let profiles: ExportedProfile[] = [
    {
      id: profileId,
      organizationId: organization.id,
      name: 'Sales',
      state: 'active',
      retryPolicy: { maxRetryCount: 1, intervalSeconds: 5 },
      tables: [],
    },
  ];
  let lastExportAt: string | undefined;
  let isExported = true;
  let isBypassRefused = false;
  let onWrite = () => {};
  let callsLeft = Number.POSITIVE_INFINITY;
  const outages = new Map<Outage, ServiceError>();

  /** Every call may be the last one of the process: before it has an effect, or (odd countdowns) after. */
  function mortal<T extends object>(target: T, outage?: Outage): T {
    return new Proxy(target, {
      get: (object, name) => {
        const member = Reflect.get(object, name);
        if (typeof member !== 'function') return member;
        return (...parameters: unknown[]) => {
          if (callsLeft <= 0) throw new Crash('The process is dead.');
          callsLeft -= 1;
          if (callsLeft <= 0 && now % 2 === 0) throw new Crash('Died before the call.');
          const fault = outage && outages.get(outage);
          if (fault) return Promise.reject(fault);
          const result = member.apply(object, parameters);
          if (callsLeft > 0) return result;
          if (!(result instanceof Promise)) throw new Crash('Died at the call.');
          return result.then(() => Promise.reject(new Crash('Died after the call.')));
        };
      },
    });
  }

  const dataverse = {
    ...source.dataverse,
    writeRow: async (...call: Parameters<typeof source.dataverse.writeRow>) => {
      const refusal = refusedWrites.get(call[1]);
      if (refusal) throw refusal;
      const keptQuiet = call[4] ?? [];
      if (keptQuiet.includes('plug-ins') && isBypassRefused)
        throw new ServiceError(
          'DATAVERSE_PRIVILEGE_MISSING',
          'Cannot write the row: a privilege is missing.',
        );
      onWrite();
      touched.push(call[1]);
      quiet.push(keptQuiet.join());
      return source.dataverse.writeRow(...call);
    },
  };
  const failureBlobs = {
    async *list() {
      yield* listedOf(blobs);
    },
    read: async (_link: string, name: string, offset: number, end: number) =>
      readOf(blobs, name, offset, end),
  };
  const ports: AutomationPorts = {
    exporter: mortal(
      {
        profiles: async () =>
          profiles.map((profile) => ({
            ...profile,
            tables: [
              {
                name: isExported ? 'account' : 'contact',
                initialSyncState: 'Completed',
                metadataState: 'Created',
                successCount: destination.size,
                failureCount: 0,
                lastExportAt,
              },
            ],
          })),
        exports: async (id: string) =>
          isExported && profiles.some((profile) => profile.id === id && profile.state === 'active'),
        profile: async (id: string) => profiles.find((profile) => profile.id === id),
        ...noChanges,
        failureLink: async (id: string) => `https://blobs.example/${id}?secret`,
        rowVersions: async (_profile: string, _table: string, ids: readonly string[]) => {
          if (!hasRowVersions) return undefined;
          return new Map(
            ids.flatMap((id) => (destination.has(id) ? [[id, String(destination.get(id))]] : [])),
          );
        },
        test: async () => undefined,
        secret: async () => undefined,
        rowCount: async () => undefined,
        canResync: async () => options.isResyncPreferred,
        wouldTake: async (_profile: string, _table: string, ids: readonly string[]) =>
          new Set(ids.filter((id) => !refused.has(id))),
        resync: async (_profile: string, _table: string, ids: readonly string[]) => {
          if (isFilledByOther.now) return false;
          resynced.push(...ids);
          const rows = source.rows('account');
          for (const id of ids) {
            const row = rows.get(id);
            const reason = refused.get(id);
            const changeType = row ? 'Update' : 'Delete';
            if (reason !== undefined)
              append(lineOf({ recordId: id, reason, changeType }), 'forcerefreshfailurelog');
            else if (row) destination.set(id, row.version);
            else destination.delete(id);
          }
          return true;
        },
      },
      'exporter',
    ),
    failureBlobs: mortal(failureBlobs),
    ledger: mortal(ledger, 'storage'),
    touchFacts: mortal(touchFacts, 'storage'),
    statusHistory: mortal({
      add: async (snapshot: StatusSnapshot) => void snapshots.unshift(snapshot),
      latest: async (_profile: string, count: number) => snapshots.slice(0, count),
      purge: async () => 0,
    }),
    organizations: fakeOrganizations([{ organization, dataverse: mortal(dataverse, 'dataverse') }]),
    queues: {
      retouchRow: mortal({
        send: async (item: RetouchRowItem, delay = 0) =>
          void messages.push({ queue: 'retouch', item, visibleAt: now + delay * 1000 }),
      }),
      verifyRow: mortal({
        send: async (item: VerifyRowItem, delay = 0) =>
          void messages.push({ queue: 'verify', item, visibleAt: now + delay * 1000 }),
      }),
    },
    telemetry,
    clock: { now: () => new Date(now) },
    log: {
      info: (line) => void lines.push(`info ${line}`),
      warn: (line) => void lines.push(`warn ${line}`),
      error: (line) => void lines.push(`error ${line}`),
    },
    options,
    ingestSeconds: 240,
  };

  const exporterTime = () => new Date(now + exporterAheadSeconds * 1000).toISOString();
  const append = (text: string, folder = 'failurelog') => {
    const name = `${folder}/${exporterTime().slice(0, 13).replace(/[-T]/g, '/')}/log.txt`;
    blobs.set(name, Buffer.concat([blobs.get(name) ?? Buffer.alloc(0), Buffer.from(text)]));
  };
  const lineOf = (entry: Partial<FailureEntry>) =>
    writeFailureLine({
      entity: 'account',
      recordId: undefined,
      notificationTime: `${exporterTime().slice(0, 19)}.000Z`,
      changeType: 'Update',
      reason: 'constraint "positive" refused it',
      ...entry,
    });
  const logFailure = (entry: Partial<FailureEntry>) => append(lineOf(entry));

  const world = {
    ports,
    mortal,
    options,
    source,
    destination,
    refused,
    refusedWrites,
    /** Ids of the rows written, in this order, and whom each write was kept from. */
    touched,
    quiet,
    /** Ids of the rows that the exporter was asked for again, in this order. */
    resynced,
    /** Whether another profile fills the table: the exporter takes nothing for this one then. */
    isFilledByOther,
    touchFacts,
    events,
    lines,
    snapshots,
    ledger,
    blobs,
    outages,
    append,
    logFailure,
    messages: () => messages,
    setProfiles: (next: ExportedProfile[]) => {
      profiles = next;
    },
    profiles: () => profiles,
    /** The profile names the table no more, or again. */
    exportTable: (isNamed: boolean) => {
      isExported = isNamed;
    },
    /** Called before each write in Dataverse. */
    onWrite: (act: () => void) => {
      onWrite = act;
    },
    refuseBypass: (isOn: boolean) => {
      isBypassRefused = isOn;
    },
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    now: () => new Date(now),
    /** The process dies at this call of a port; until then it lives. */
    dieAtCall: (calls: number) => {
      callsLeft = calls;
    },
    /** What the exporter does: changes go to the destination, refused ones to the log, once a version. */
    exportChanges: () => {
      if (!isExported) return;
      const rows = source.rows('account');
      for (const id of destination.keys()) if (!rows.has(id)) destination.delete(id);
      const failed: string[] = [];
      for (const { id, version } of rows.values()) {
        if ((triedVersions.get(id) ?? 0) >= version) continue;
        triedVersions.set(id, version);
        const reason = refused.get(id);
        if (reason === undefined) {
          destination.set(id, version);
          lastExportAt = exporterTime();
        } else failed.push(lineOf({ recordId: id, reason }));
      }
      if (failed.length > 0) append(failed.join(''));
    },
    /** The timer of the automation. */
    runTimer: async () => {
      await ingestFailures(ports);
      await planRetouches(ports);
    },
    /** Delivers one visible message; it stays in the queue when its delivery fails, or when it is to arrive twice. */
    deliver: async (place = 0, isKept = false) => {
      const visible = messages.filter(({ visibleAt }) => visibleAt <= now);
      const message = visible[place % Math.max(visible.length, 1)];
      if (!message) return false;
      if (message.queue === 'retouch') await retouchRows(message.item, ports);
      else await verifyRows(message.item, ports);
      if (!isKept) messages = messages.filter((other) => other !== message);
      return true;
    },
    /** Time goes on and everything runs, without crashes. */
    live: async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        world.exportChanges();
        await world.runTimer();
        while (await world.deliver());
        world.pass(30);
        world.exportChanges();
        while (await world.deliver());
        world.pass(30);
      }
    },
    /** Every line that the exporter ever logged. */
    logged: () =>
      [...blobs].sort().flatMap(([, bytes]) =>
        bytes
          .toString()
          .split('\n')
          .filter((line) => line !== ''),
      ),
    /** The ledger as it is. */
    failures: (): readonly Failure[] => [...failures.values()],
    failuresOf: (number: number): readonly Failure[] =>
      [...failures.values()].filter(({ recordId }) => recordId === rowId(number)),
  };
  return world;
}
