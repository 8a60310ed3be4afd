import type { Comparison, Doubt, Drift } from '../model/comparison.ts';
import { compareVersions } from '../schema/row-version.ts';
import { scheduleRetry } from './schedule-retry.ts';
import type { TableRun } from './table-run.ts';

/** A row that differs: its version in Dataverse and in the destination; undefined where it is not. */
export interface Difference {
  readonly id: string;
  readonly version: string | undefined;
  readonly stored: string | undefined;
}

/** What a comparison has found, and in how many rows. */
interface Found {
  readonly differences: readonly Difference[];
  readonly rows: number;
  readonly rounds: Pick<Comparison, 'source' | 'destination'>;
}

/** So many are noted: the state of a table is one small record. */
const mostDoubts = 200;
const mostNamed = 10;

/**
 * What differed in the same way at the comparison before is drift, and is exported again. What differs for the first time is
 * in doubt: Dataverse tells a change only when all that were begun before it are done, so a row can be seen before it is
 * told. Where more differs than can be noted, the same rows are compared again, and those that are noted prove the others.
 */
export async function judge(
  run: TableRun,
  known: Comparison,
  { differences, rows, rounds }: Found,
): Promise<Comparison> {
  const noted = new Map(known.doubts.map((doubt) => [doubt.id, doubt]));
  const isNoted = ({ id, version }: Difference) => noted.has(id) && noted.get(id)?.version === version;
  const [seenAgain, fresh] = [differences.filter(isNoted), differences.filter((one) => !isNoted(one))];
  const isFlood = known.hasMore && seenAgain.some(({ id }) => !noted.get(id)?.isProven);
  const proven = isFlood ? differences : seenAgain;
  const doubted = isFlood ? [] : fresh;
  await exportAgain(run, proven);
  tell(run, rows, proven);
  const doubts = [
    ...doubted.map((one): Doubt => doubtOf(one)),
    ...proven.map((one): Doubt => ({ ...doubtOf(one), isProven: true })),
  ].slice(0, mostDoubts);
  const hasMore = doubted.length > mostDoubts;
  const newRows = proven.filter(({ id }) => !noted.get(id)?.isProven).length;
  const now = run.ports.clock.now().toISOString();
  const drift = proven.length > 0 ? driftOf(known.drift, proven, newRows, now) : known.drift;
  return {
    isDue: false,
    comparedAt: now,
    ...(hasMore ? { source: known.source, destination: known.destination } : rounds),
    doubts,
    hasMore,
    ...(drift && differences.length > 0 && { drift }),
  };
}

const doubtOf = ({ id, version }: Difference): Doubt => ({ id, ...(version !== undefined && { version }) });

function driftOf(
  known: Drift | undefined,
  proven: readonly Difference[],
  newRows: number,
  now: string,
): Drift {
  return {
    since: known?.since ?? now,
    rows: (known?.rows ?? 0) + newRows,
    ids: proven.slice(0, mostNamed).map(({ id }) => id),
    newerRows: proven.filter((one) => kindOf(one) === 'newer').length,
  };
}

function kindOf({ version, stored }: Difference): 'surplus' | 'missing' | 'older' | 'newer' {
  if (version === undefined) return 'surplus';
  if (stored === undefined) return 'missing';
  return compareVersions(stored, version) < 0 ? 'older' : 'newer';
}

/**
 * By the way of a resync: each is read again, and written or deleted. A version that is greater than that of Dataverse comes
 * of an organization that was restored, which concerns all of its rows: they are left to a resync of the table.
 */
async function exportAgain(run: TableRun, proven: readonly Difference[]): Promise<void> {
  const ids = proven.filter((one) => kindOf(one) !== 'newer').map(({ id }) => id);
  if (ids.length === 0) return;
  const { profile, table, destination, ports } = run;
  const at = ports.clock.now();
  await destination.resync(table, { profileId: profile.id, scope: { kind: 'rows', ids }, at });
  await scheduleRetry(profile.id, table, at, ports);
}

function tell({ profile, table, ports }: TableRun, rows: number, proven: readonly Difference[]): void {
  const count = (kind: string) => proven.filter((one) => kindOf(one) === kind).length;
  const counts = { missing: count('missing'), surplus: count('surplus'), older: count('older') };
  const newer = count('newer');
  ports.telemetry.event('sync.table.compared', {
    ...{ profileId: profile.id, table, rows },
    ...{
      missingRows: counts.missing,
      surplusRows: counts.surplus,
      olderRows: counts.older,
      newerRows: newer,
    },
  });
  if (proven.length === 0) return;
  ports.log.warn(
    `Table "${table}" of profile "${profile.name}" differs from Dataverse: ${counts.missing} rows missing, ` +
      `${counts.surplus} too many, ${counts.older} too old, which are exported again; ${newer} newer than there.`,
  );
}
