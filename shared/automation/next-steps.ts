import { type Failure, type FailureCause, isOpen } from '../model/failure.ts';
import type { AutomationOptions } from './automation-ports.ts';
import { isHealedByRetouch } from './causes.ts';
import {
  afterVainAttempt,
  type Become,
  happenedAt,
  lostAfterSeconds,
  patienceSeconds,
  retouchDelaySeconds,
  secondsAfter,
} from './failure-life.ts';

/** One failure and what it becomes, if it still is as it was seen. */
export interface FailureStep {
  readonly failure: Failure;
  readonly become: Become;
}

/** Rows of one group to be written again: a probe alone, or the others after a probe was healed. */
export interface RetouchStep {
  readonly table: string;
  readonly rows: readonly { readonly recordId: string; readonly steps: readonly FailureStep[] }[];
}

/** Everything to be done about the failures of one profile now. */
export interface NextSteps {
  readonly changes: readonly FailureStep[];
  readonly retouches: readonly RetouchStep[];
}

/** A probe arrived in the destination: the cause was gone at that time, for rows that failed no more often than it. */
export interface Proof {
  readonly table: string;
  readonly cause: FailureCause;
  /** Of an unknown cause. */
  readonly pattern: string | undefined;
  readonly attempts: number;
  readonly healedAt: string;
}

/**
 * What is known beside the failures: a probe that was healed, and when each table (in lower case) was last exported
 * (ISO 8601).
 */
export interface Evidence {
  readonly proof?: Proof;
  readonly lastExportAt?: ReadonlyMap<string, string>;
}

/** The open failures of one row, or those that concern a table as a whole. */
interface FailedRow {
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

interface Group {
  readonly table: string;
  readonly cause: FailureCause;
  readonly pattern: string | undefined;
  readonly canBeRetouched: boolean;
  readonly rows: FailedRow[];
}

/**
 * Decides from all open failures of a profile. A group is the rows of one table and cause, and of one pattern where the
 * cause is unknown: while one of them is in flight no other is touched; when none is, the row that is due longest goes as
 * a probe; a probe that was healed releases the others. A row is given up after the last attempt, or when it has waited
 * as long as all attempts take and a probe of its group has failed just now.
 */
export function nextSteps(
  failures: readonly Failure[],
  now: Date,
  options: AutomationOptions,
  evidence: Evidence = {},
): NextSteps {
  const rows = failedRows(failures.filter(({ state }) => isOpen(state)));
  const changes = rows.flatMap((row) => [...admit(row, now, options), ...recoverLost(row, now, options)]);
  const retouches: RetouchStep[] = [];
  for (const group of groupsOf(rows)) {
    const waiting = group.rows.filter((row) => row.isWaiting);
    if (!group.canBeRetouched) {
      changes.push(...waiting.flatMap((row) => settleWithoutRetouch(row, now, options, evidence)));
      continue;
    }
    const isHopeless = hopelessness(waiting, now, options);
    const note = 'Rows with the same cause were re-touched in vain.';
    changes.push(...waiting.filter(isHopeless).flatMap((row) => giveUp(row, note)));
    const hopeful = waiting.filter((row) => !isHopeless(row));
    const chosen = rowsToRetouch(group, hopeful, now, evidence.proof);
    if (chosen.length > 0) retouches.push(retouchStep(group.table, chosen));
  }
  return { changes, retouches };
}

function failedRows(failures: readonly Failure[]): readonly FailedRow[] {
  const byRow = Map.groupBy(failures, ({ entity, recordId }) => `${entity}|${recordId ?? ''}`);
  return [...byRow.values()].map((ofRow) => failedRow(ofRow as [Failure, ...Failure[]]));
}

function failedRow(failures: readonly [Failure, ...Failure[]]): FailedRow {
  const newest = failures.reduce((a, b) => (isAfter(happenedAt(b), happenedAt(a)) ? b : a));
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
function groupsOf(rows: readonly FailedRow[]): Iterable<Group> {
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

/** What failures of one table have in common whose rows are a group. */
export function kindOf({ cause, pattern }: Pick<Failure, 'cause' | 'pattern'>): string {
  return cause === 'unknown' ? `${cause}|${pattern ?? ''}` : cause;
}

/** A new failure of a row that was touched before waits as long as the row. */
function admit(row: FailedRow, now: Date, options: AutomationOptions): FailureStep[] {
  const change: Become = {
    state: 'waiting',
    attempts: row.attempts,
    nextAttemptAt: secondsAfter(now, retouchDelaySeconds(row.attempts, options)),
    note: 'Waits for its turn.',
  };
  return row.failures.filter(({ state }) => state === 'new').map((failure) => ({ failure, become: change }));
}

function recoverLost(row: FailedRow, now: Date, options: AutomationOptions): FailureStep[] {
  const lostBefore = secondsAfter(now, -lostAfterSeconds(options));
  return row.failures
    .filter(({ state }) => state === 'retouching')
    .filter(({ changedAt, retouchedAt }) => isAfter(lostBefore, latest([changedAt, retouchedAt ?? ''])))
    .map((failure) => ({
      failure,
      become: afterVainAttempt(failure.attempts, now, options, 'Nothing was heard of the last re-touch.'),
    }));
}

function settleWithoutRetouch(row: FailedRow, now: Date, options: AutomationOptions, evidence: Evidence) {
  const exportedAt = evidence.lastExportAt?.get(row.table.toLowerCase());
  if (exportedAt !== undefined && isAfter(exportedAt, latest(row.failures.map(endOfFault))))
    return stepsTo(row, { state: 'healed', note: 'The table was exported again afterwards.' });
  const isOverdue = isAfter(secondsAfter(now, -patienceSeconds(options)), row.changedAt);
  return isOverdue ? giveUp(row, 'The table was not exported again.') : [];
}

/** Logs have whole seconds, and the export that went well just before is no proof. */
function endOfFault({ notificationTime, ingestedAt }: Failure): string {
  return notificationTime === undefined ? ingestedAt : secondsAfter(new Date(notificationTime), 1);
}

/** A probe that failed lately shows that the cause is still there, also after a profile was switched off for days. */
function hopelessness(waiting: readonly FailedRow[], now: Date, options: AutomationOptions) {
  const recently = secondsAfter(now, -options.retouchMaxDelaySeconds - 2 * options.verifyTimeoutSeconds);
  const hasVainProbe = waiting.some(
    ({ attempts, changedAt }) => attempts > 0 && !isAfter(recently, changedAt),
  );
  const patienceEnds = secondsAfter(now, -patienceSeconds(options));
  return ({ attempts, changedAt }: FailedRow) =>
    attempts >= options.retouchMaxAttempts || (hasVainProbe && isAfter(patienceEnds, changedAt));
}

function rowsToRetouch(
  group: Group,
  waiting: readonly FailedRow[],
  now: Date,
  proof: Proof | undefined,
): readonly FailedRow[] {
  const inFlight = group.rows.filter((row) => row.isInFlight);
  const isDue = ({ dueAt }: FailedRow) => !isAfter(dueAt, now.toISOString());
  if (!proof) {
    if (inFlight.length > 0) return [];
    const order = ({ dueAt, recordId }: FailedRow) => `${dueAt}|${recordId}`;
    return waiting
      .filter(isDue)
      .reduce<FailedRow[]>(([first], row) => [first && order(first) <= order(row) ? first : row], []);
  }
  if (group.table !== proof.table || kindOf(group) !== kindOf(proof)) return [];
  // Whatever began after the proof speaks for itself: a message that arrives twice releases nothing anew.
  if (inFlight.some(({ changedAt }) => isAfter(changedAt, proof.healedAt))) return [];
  return waiting.filter(
    (row) => !isAfter(row.changedAt, proof.healedAt) && (row.attempts <= proof.attempts || isDue(row)),
  );
}

/** What a failure becomes when its row is sent to be written again, beside the count of its attempts. */
export const retouching = {
  state: 'retouching',
  nextAttemptAt: undefined,
  retouchedAt: undefined,
  retouchedVersion: undefined,
  note: 'Is being written again.',
} as const satisfies Become;

function retouchStep(table: string, rows: readonly FailedRow[]): RetouchStep {
  return {
    table,
    rows: rows.map((row) => ({
      recordId: row.recordId ?? '',
      steps: stepsTo(row, { ...retouching, attempts: row.attempts + 1 }),
    })),
  };
}

function giveUp(row: FailedRow, note: string): FailureStep[] {
  return stepsTo(row, { state: 'needs-attention', nextAttemptAt: undefined, note });
}

const stepsTo = (row: FailedRow, change: Become) =>
  row.failures.map((failure) => ({ failure, become: change }));

const isAfter = (a: string, b: string) => a > b;
const latest = (times: readonly string[]) => times.reduce((a, b) => (b > a ? b : a), '');
