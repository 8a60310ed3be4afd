import { checkHealth } from '../../../shared/automation/health/check-health.ts';
import type { HealthPorts } from '../../../shared/automation/health/health-ports.ts';
import { tellPoisoned } from '../../../shared/automation/health/tell-poisoned.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { FailureState } from '../../../shared/model/failure.ts';
import type { HealthFinding, HealthKind } from '../../../shared/model/health-finding.ts';
import type { PoisonedMessage } from '../../../shared/model/poisoned-message.ts';
import type { NewestChange } from '../../../shared/ports/dataverse.ts';
import type { ExportedProfile, ExportedTable, ProfileTest } from '../../../shared/ports/exporter-api.ts';
import { aFailure, anEntry } from '../../contracts/failures.ts';
import { fakeDataverse, fakeOrganizations } from '../../fakes/fake-dataverse.ts';
import { fakeFailureLedger } from '../../fakes/fake-failures.ts';
import { fakeHealthFindings } from '../../fakes/fake-health-findings.ts';
import { fakeTelemetry } from '../../fakes/fake-telemetry.ts';
import { noChanges, organization, profileId } from './small-world.ts';

export const minute = 60;
export const hour = 3600;
export const day = 86_400;

/** Limits as they are preset. */
const limits = {
  lagSeconds: 900,
  initialSyncStallSeconds: 3600,
  secretExpiryDays: 30,
  inactiveWarningDays: 7,
  quietSeconds: 600,
};

/** What an exporter over HTTP says of a table: neither up to when all is exported, nor its progress. */
export const foreign = { syncedAt: undefined, progress: undefined };

/**
 * One profile with one table of an exporter that is well, its source, and the looks at them, in made-up time. `tell` makes
 * the exporter say something else of the profile or of its table; what it says it exported is up to now unless told.
 */
export function healthWorld({ isForeign = false } = {}) {
  let now = Date.parse('2026-11-28T18:00:00.000Z');
  const time = (secondsAgo = 0) => new Date(now - secondsAgo * 1000).toISOString();
  const source = fakeDataverse(organization, ['account']);
  const ledger = fakeFailureLedger();
  const findings = fakeHealthFindings();
  const { telemetry, events, metrics } = fakeTelemetry();
  const lines: string[] = [];
  const asked: string[] = [];
  const outages = new Map<string, ServiceError>();
  let profile: Partial<ExportedProfile> | undefined = {};
  let table: Partial<ExportedTable> = {};
  const profileIds = [profileId];
  let frozenAt: string | undefined;
  const world = {
    test: { isPassed: true, report: '' } as ProfileTest | undefined,
    secret: {} as { endsAt?: string; isCertificate?: boolean } | undefined,
    rows: { source: 100 as number | undefined, destination: 100 as number | undefined },
    /** Life of a delta token, as the organization tells it. */
    tokenDays: 7 as number | undefined,
    /** Seconds that a question takes. */
    slowness: new Map<string, number>(),
    newest: { version: '1', changedAt: '2026-11-01T00:00:00.000Z' } as NewestChange | undefined,
  };
  const answer = async <T>(what: string, value: () => T): Promise<T> => {
    asked.push(what);
    now += (world.slowness.get(what) ?? 0) * 1000;
    const outage = outages.get(what);
    if (outage) throw outage;
    return value();
  };

  function profiles(): ExportedProfile[] {
    if (!profile) return [];
    const exportedAt = frozenAt ?? time();
    const own = isForeign ? {} : { syncedAt: exportedAt, progress: 100 };
    const account: ExportedTable = {
      ...{ name: 'account', initialSyncState: 'Completed', metadataState: 'Created' },
      ...{ successCount: 100, failureCount: 0, lastExportAt: exportedAt, ...own, ...table },
    };
    return profileIds.map((id) => ({
      ...{ id, organizationId: organization.id, name: 'Sales', state: 'active' },
      retryPolicy: { maxRetryCount: 1, intervalSeconds: 5 },
      tables: [account],
      ...profile,
    }));
  }

  const ports: HealthPorts = {
    exporter: {
      profiles: () => answer('profiles', profiles),
      exports: async () => true,
      failureLink: async () => '',
      rowVersions: async () => undefined,
      test: () => answer('test', () => world.test),
      secret: () => answer('secret', () => (isForeign ? undefined : world.secret)),
      ...noChanges,
      profile: async () => undefined,
      canResync: async () => false,
      resync: async () => true,
      wouldTake: async () => undefined,
      rowCount: () => answer('destination rows', () => (isForeign ? undefined : world.rows.destination)),
    },
    ledger: {
      ...ledger,
      open: (id) => {
        const outage = outages.get('ledger');
        if (outage) throw outage;
        return ledger.open(id);
      },
    },
    organizations: fakeOrganizations([
      {
        organization,
        dataverse: {
          ...source.dataverse,
          deltaTokenDays: () => answer('token days', () => world.tokenDays),
          newestChange: () => answer('newest', () => world.newest),
          rowCounts: (names) =>
            answer(
              'source rows',
              () => new Map(names.map((name) => [name, world.rows.source ?? Number.NaN])),
            ),
        },
      },
    ]),
    findings,
    telemetry,
    clock: { now: () => new Date(now) },
    log: {
      info: (line) => void lines.push(line),
      warn: (line) => void lines.push(line),
      error: (line) => void lines.push(line),
    },
    limits,
    lookSeconds: 240,
  };

  return Object.assign(world, {
    ports,
    events,
    metrics,
    lines,
    asked,
    findings,
    time,
    /** Profiles of the exporter, one at first; all are the same. */
    profileIds,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    /** Looks so many times, `seconds` after the last look each. */
    async look(times = 1, seconds = 5 * minute) {
      for (let run = 0; run < times; run++) {
        now += seconds * 1000;
        await checkHealth(ports);
      }
    },
    tellProfile: (change: Partial<ExportedProfile> | undefined) => {
      profile = change;
    },
    tellTable: (change: Partial<ExportedTable>) => {
      table = { ...table, ...change };
    },
    /** Nothing is exported from now on, or up to now again. */
    freeze: (isFrozen: boolean) => {
      frozenAt = isFrozen ? time() : undefined;
    },
    /** The part fails whenever it is asked, or is there again. */
    breakPart: (what: string, isBroken = true) => {
      const error = new ServiceError('EXPORTER_UNREACHABLE', `Cannot ask for ${what}: it is away.`);
      if (isBroken) outages.set(what, error);
      else outages.delete(what);
    },
    /** Rows fail now; their ids. */
    async fail(count: number, reason = 'The database is full.') {
      const failures = Array.from({ length: count }, () => ({
        ...aFailure(profileId, anEntry({ notificationTime: time(), reason })),
        cause: 'destination-full' as const,
      }));
      await ledger.add(failures);
      return failures.map(({ id }) => id);
    },
    async moveFailures(ids: readonly string[], ...states: FailureState[]) {
      for (const id of ids)
        for (const state of states) await ledger.update(profileId, [id], (each) => ({ ...each, state }));
    },
    poison: (message: Omit<PoisonedMessage, 'queue'> = {}) =>
      tellPoisoned({ queue: 'sync-table', ...message }, ports),
    /** The kinds that are open now. */
    async open(): Promise<HealthKind[]> {
      return (await findings.open()).map(({ kind }) => kind).sort();
    },
    async finding(kind: HealthKind): Promise<HealthFinding | undefined> {
      return (await findings.list({ kind }, { limit: 1 })).findings[0];
    },
    /** What telemetry was told of a kind, in order. */
    told: (kind: HealthKind) =>
      events.flatMap(({ name, data }) =>
        data.kind === kind ? [name.replace('automation.finding.', '')] : [],
      ),
  });
}
