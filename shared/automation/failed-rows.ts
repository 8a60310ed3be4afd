import type { Failure, FailureCause } from '../model/failure.ts';
import { isHealedByRetouch } from './causes.ts';
import { happenedAt } from './failure-life.ts';

/** The open failures of one row, or those that concern a table as a whole. */
export interface FailedRow {
  readonly table: string;
  readonly recordId: string | undefined;
  readonly failures: readonly Failure[];
  /** Of the newest failure. */
  readonly cause: FailureCause;
  readonly pattern: string | undefined;
  readonly attempts: number;
  readonly isInFlight: boolean;
  readonly isWaiting: boolean;
  readonly dueAt: string;
  readonly changedAt: string;
}

/** Rows of one table and cause, and of one pattern where the cause is unknown, which wait for one another. */
export interface Group {
  readonly table: string;
  readonly cause: FailureCause;
  readonly pattern: string | undefined;
  readonly canBeRetouched: boolean;
  readonly rows: FailedRow[];
}

/** The rows of these failures. */
export function failedRows(failures: readonly Failure[]): readonly FailedRow[] {
  const byRow = Map.groupBy(failures, ({ entity, recordId }) => `${entity}|${recordId ?? ''}`);
  return [...byRow.values()].map((ofRow) => failedRow(ofRow as [Failure, ...Failure[]]));
}

function failedRow(failures: readonly [Failure, ...Failure[]]): FailedRow {
  const newest = failures.reduce((a, b) => (happenedAt(b) > happenedAt(a) ? b : a));
  const states = failures.map(({ state }) => state);
  return {
    table: newest.entity,
    recordId: newest.recordId,
    failures,
    cause: newest.cause,
    pattern: newest.pattern,
    attempts: Math.max(...failures.map(({ attempts }) => attempts)),
    isInFlight: states.includes('retouching'),
    isWaiting: states.every((state) => state === 'waiting'),
    dueAt: latest(failures.map(({ nextAttemptAt }) => nextAttemptAt ?? '')),
    changedAt: latest(failures.map(({ changedAt }) => changedAt)),
  };
}

/** A row in flight belongs to the group of each cause that it is in flight for, so that it blocks all of them. */
export function groupsOf(rows: readonly FailedRow[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const inFlight = row.failures.filter(({ state }) => state === 'retouching');
    const kinds = new Map([row, ...inFlight].map((kind) => [kindOf(kind), kind]));
    for (const [kind, { cause, pattern }] of kinds) {
      const canBeRetouched = row.recordId !== undefined && isHealedByRetouch(cause);
      const key = `${row.table}|${canBeRetouched}|${kind}`;
      const group = groups.get(key) ?? { table: row.table, cause, pattern, canBeRetouched, rows: [] };
      group.rows.push(row);
      groups.set(key, group);
    }
  }
  return groups.values();
}

/** Tells groups apart. */
export const groupKey = (group: Pick<Group, 'table' | 'cause' | 'pattern'>) =>
  `${group.table}|${kindOf(group)}`;

/** What failures of one table have in common whose rows are a group. */
export function kindOf({ cause, pattern }: Pick<Failure, 'cause' | 'pattern'>): string {
  return cause === 'unknown' ? `${cause}|${pattern ?? ''}` : cause;
}

/** The latest of these ISO 8601 times; empty when there is none. */
export const latest = (times: readonly string[]) => times.reduce((a, b) => (b > a ? b : a), '');
