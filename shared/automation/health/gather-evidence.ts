import type { HealthNotes, TableNotes } from '../../model/health-notes.ts';
import type { ExportedProfile, ExportedTable } from '../../ports/exporter-api.ts';
import { logTrouble } from '../each-without-stopping.ts';
import { compareCounts, type TableCounts } from './compare-counts.ts';
import { countFailures } from './count-failures.ts';
import { type Evidence, secondsFrom, type TableEvidence, type TableFailures } from './evidence.ts';
import { findWaiting } from './find-waiting.ts';
import type { HealthPorts, LookPorts } from './health-ports.ts';

const testSeconds = 3600;
/** While something is wrong, or seems to be. */
const testSecondsInDoubt = 600;
/** The preset of Dataverse, for as long as an organization could not be asked. */
const presetTokenDays = 7;
/** A token that was not renewed for so long is worth a question; those of tables that are well are younger. */
const agedSeconds = 3600;

/** A question that may have no answer: the trouble is logged, and what nobody could tell is not judged. */
export type Ask = <T>(doing: string, question: () => Promise<T>) => Promise<T | undefined>;

/** Undefined after a foreseen error. */
export const askWith =
  ({ log }: Pick<HealthPorts, 'log'>, profile: ExportedProfile): Ask =>
  async (doing, question) => {
    try {
      return await question();
    } catch (error) {
      if (!logTrouble(`${doing} of profile "${profile.name}"`, error, log)) throw error;
      return undefined;
    }
  };

/** A table in the notes, moved on by what the exporter tells now. */
function tableNotes(table: ExportedTable, known: TableNotes | undefined, now: string): TableNotes {
  const count = table.progress ?? table.successCount + table.failureCount;
  const hasMoved = known === undefined || known.progress.count !== count;
  return {
    ...{ newest: undefined, askedAt: undefined, counted: undefined },
    ...known,
    progress: hasMoved ? { count, since: now } : known.progress,
    failureCount: table.failureCount,
  };
}

/**
 * Everything that the checks of one profile are made of, and the notes for the next look. What it asks, at most: the
 * ledger for what is not healed, once; of an active profile the exporter's test and the secret once an hour (the test every
 * ten minutes while something seems wrong) and, of tables that have not been exported for an hour, the life of a delta token,
 * Dataverse for the newest change of 20 idle tables and, once a day a table, the
 * number of rows of 10 tables on both sides.
 */
export async function gatherEvidence(
  profile: ExportedProfile,
  known: HealthNotes | undefined,
  isInDoubt: boolean,
  ports: LookPorts,
): Promise<{ readonly evidence: Evidence; readonly notes: HealthNotes }> {
  const ask = askWith(ports, profile);
  const now = ports.clock.now().toISOString();
  const isActive = profile.state === 'active';
  const before = new Map(Object.entries(known?.tables ?? {}));
  const notes = new Map(
    profile.tables.map((table) => [table.name, tableNotes(table, before.get(table.name), now)]),
  );
  const failures = await ask('Counting the failures', () => countFailures(profile.id, ports));
  const waiting = isActive ? await findWaiting(profile, notes, now, ask, ports) : new Map();
  const counts = isActive ? await compareCounts(profile, notes, failures, now, ask, ports) : new Map();

  const isDue = (last: string | undefined, seconds: number) =>
    isActive && !ports.isOver() && (last === undefined || secondsFrom(last, now) >= seconds);
  const isTestDue = isDue(known?.testedAt, isInDoubt ? testSecondsInDoubt : testSeconds);
  const isSecretDue = isDue(known?.secretAskedAt, testSeconds);
  const isAged = profile.tables.some(
    ({ syncedAt }) => syncedAt !== undefined && secondsFrom(syncedAt, now) > agedSeconds,
  );
  const isTokenDue = isAged && isDue(known?.tokenAskedAt, testSeconds);
  const askedDays = isTokenDue
    ? await ask('Reading the life of delta tokens', async () =>
        (await ports.organizations.dataverse(profile.organizationId)).deltaTokenDays(),
      )
    : undefined;
  const tokenDays = askedDays ?? known?.tokenDays;
  const evidence: Evidence = {
    ...{ now, limits: ports.limits, profile, activeAt: known?.activeAt, failures },
    tokenDays: tokenDays ?? presetTokenDays,
    tables: profile.tables.map((table) =>
      tableEvidence(table, before.get(table.name), notes, { waiting, counts, failures }),
    ),
    test: isTestDue ? await ask('Testing', () => ports.exporter.test(profile.id)) : undefined,
    secret: isSecretDue
      ? await ask('Reading the end of the secret', () => ports.exporter.secret(profile.id))
      : undefined,
  };
  return {
    evidence,
    notes: {
      profileId: profile.id,
      seenAt: now,
      activeAt: isActive ? now : known?.activeAt,
      testedAt: isTestDue ? now : known?.testedAt,
      secretAskedAt: isSecretDue ? now : known?.secretAskedAt,
      tokenDays,
      tokenAskedAt: isTokenDue ? now : known?.tokenAskedAt,
      suspected: known?.suspected ?? [],
      tables: Object.fromEntries(notes),
    },
  };
}

function tableEvidence(
  table: ExportedTable,
  before: TableNotes | undefined,
  notes: ReadonlyMap<string, TableNotes>,
  found: {
    readonly waiting: ReadonlyMap<string, TableEvidence['waiting']>;
    readonly counts: ReadonlyMap<string, TableCounts>;
    readonly failures: ReadonlyMap<string, TableFailures> | undefined;
  },
): TableEvidence {
  return {
    table,
    stillSince: notes.get(table.name)?.progress.since ?? '',
    newFailures: before === undefined ? 0 : table.failureCount - before.failureCount,
    waiting: found.waiting.get(table.name),
    counts: found.counts.get(table.name),
  };
}
