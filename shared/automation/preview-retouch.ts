import type { Failure } from '../model/failure.ts';
import { causes, isHealedByRetouch } from './causes.ts';
import { type FailedRow, failedRows, groupsOf } from './failed-rows.ts';

/** What a re-touch of some failures would do, counted in rows. */
export interface RetouchPreview {
  readonly rows: number;
  readonly tables: Readonly<Record<string, number>>;
  readonly byCause: Readonly<Record<string, number>>;
  /** Written first, one of each table and cause; the others follow when it arrives. */
  readonly probes: number;
  /** Probes included. */
  readonly wouldWrite: number;
  readonly notPossible: readonly { readonly reason: string; readonly rows: number }[];
}

/** Why rows cannot be re-touched, as far as that was found out: those of the organization, and those of tables by name. */
export interface KnownObstacles {
  readonly organization?: string | undefined;
  readonly tables?: ReadonlyMap<string, string>;
}

/** Counts what a re-touch of these failures would do. Rows that were given up can be tried again. */
export function previewRetouch(failures: readonly Failure[], obstacles: KnownObstacles = {}): RetouchPreview {
  const rows = failedRows(failures);
  const reasons = new Map(rows.map((row) => [row, obstacleOf(row, obstacles)]));
  const possible = new Set(rows.filter((row) => reasons.get(row) === undefined));
  const groups = [...groupsOf(rows.filter((row) => row.isInFlight || possible.has(row)))];
  const impossible = Map.groupBy(
    reasons.values().filter((reason) => reason !== undefined),
    (reason) => reason,
  );
  return {
    rows: rows.length,
    tables: countBy(rows, ({ table }) => table),
    byCause: countBy(rows, ({ cause }) => cause),
    probes: groups.filter((group) => !group.rows.some(({ isInFlight }) => isInFlight)).length,
    wouldWrite: possible.size,
    notPossible: [...impossible].map(([reason, { length }]) => ({ reason, rows: length })),
  };
}

function obstacleOf(row: FailedRow, { organization, tables }: KnownObstacles): string | undefined {
  if (row.failures.every(({ state }) => state === 'healed' || state === 'gone'))
    return 'The row was healed, or deleted in Dataverse.';
  if (row.isInFlight) return 'The row is being written again already.';
  if (!isHealedByRetouch(row.cause)) return `No re-touch heals it. ${causes[row.cause].cure}`;
  if (row.recordId === undefined) return 'The failure concerns the whole table.';
  return organization ?? tables?.get(row.table);
}

const countBy = (rows: readonly FailedRow[], by: (row: FailedRow) => string) =>
  Object.fromEntries([...Map.groupBy(rows, by)].map(([name, { length }]) => [name, length]));
