import { type Failure, type FailureCause, isOpen } from '../model/failure.ts';
import type { Patience } from './automation-ports.ts';
import { type FailedRow, failedRows, type Group, groupKey, groupsOf, kindOf, latest } from './failed-rows.ts';
import {
  afterVainAttempt,
  type Become,
  clockDifferenceSeconds,
  lostAfterSeconds,
  patienceSeconds,
  secondsAfter,
} from './failure-life.ts';
import type { Trial } from './try-groups.ts';

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
 * What is known beside the failures: a probe that was healed, when each table (in lower case) was last exported
 * (ISO 8601), and what a self-test has shown.
 */
export interface Evidence {
  readonly proof?: Proof;
  readonly lastExportAt?: ReadonlyMap<string, string>;
  /** What trials have shown, by `groupKey`. */
  readonly trials?: ReadonlyMap<string, Trial> | undefined;
  /** Why no row of the organization can be re-touched, if so. */
  readonly impossible?: string | undefined;
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
  options: Patience,
  evidence: Evidence = {},
): NextSteps {
  const rows = failedRows(failures.filter(({ state }) => isOpen(state)));
  const changes = rows.flatMap((row) => recoverLost(row, now, options));
  const retouches: RetouchStep[] = [];
  for (const group of groupsOf(rows)) {
    const waiting = group.rows.filter((row) => row.isWaiting);
    if (!group.canBeRetouched) {
      changes.push(...waiting.flatMap((row) => settleWithoutRetouch(row, now, options, evidence)));
      continue;
    }
    const { impossible, proof } = evidence;
    if (impossible !== undefined) {
      changes.push(...waiting.flatMap((row) => giveUp(row, impossible)));
      continue;
    }
    const trial = evidence.trials?.get(groupKey(group));
    if (trial === 'later') continue;
    const { hopeless, chosen, note } = trial
      ? chosenByTrial(waiting, trial, now, options)
      : chosenByProbe(group, waiting, now, options, proof);
    changes.push(...hopeless.flatMap((row) => giveUp(row, note)));
    if (chosen.length > 0) retouches.push(retouchStep(group.table, chosen));
  }
  return { changes, retouches };
}

/** Rows of a group that are given up, with the reason, and those that are written again now. */
interface Choice {
  readonly hopeless: readonly FailedRow[];
  readonly chosen: readonly FailedRow[];
  readonly note: string;
}

/**
 * A trial is no attempt, and says nothing of the rows that were not tried, but that they may go when all that were would
 * arrive. A row that was written in vain before waits for its time all the same; one that is refused is given up when it
 * has waited as long as all attempts take.
 */
function chosenByTrial(
  waiting: readonly FailedRow[],
  { tried, taken }: Exclude<Trial, 'later'>,
  now: Date,
  options: Patience,
): Choice {
  const isAll = [...tried].every((id) => taken.has(id));
  const patienceEnds = secondsAfter(now, -patienceSeconds(options));
  const isIn = (ids: ReadonlySet<string>, { recordId = '' }: FailedRow) => ids.has(recordId);
  return {
    chosen: waiting.filter((row) => (isAll || isIn(taken, row)) && (row.attempts === 0 || isDue(row, now))),
    hopeless: waiting.filter(
      (row) => isIn(tried, row) && !isIn(taken, row) && isAfter(patienceEnds, row.changedAt),
    ),
    note: 'The destination still refuses the row, and it has waited as long as all attempts take.',
  };
}

function chosenByProbe(
  group: Group,
  waiting: readonly FailedRow[],
  now: Date,
  options: Patience,
  proof: Proof | undefined,
): Choice {
  const isHopeless = hopelessness(waiting, now, options);
  const hopeful = waiting.filter((row) => !isHopeless(row));
  return {
    hopeless: waiting.filter(isHopeless),
    chosen: rowsToRetouch(group, hopeful, now, proof),
    note: 'Rows with the same cause were re-touched in vain.',
  };
}

const isDue = ({ dueAt }: FailedRow, now: Date) => !isAfter(dueAt, now.toISOString());

/**
 * Verification answers within its time-out; a row that is in flight much longer has lost its message. One whose turn to be
 * written is still to come has not.
 */
function recoverLost(row: FailedRow, now: Date, options: Patience): FailureStep[] {
  const lostBefore = secondsAfter(now, -lostAfterSeconds(options));
  return row.failures
    .filter(({ state }) => state === 'retouching')
    .filter(({ changedAt, retouchedAt, nextAttemptAt }) =>
      isAfter(lostBefore, latest([changedAt, retouchedAt ?? '', nextAttemptAt ?? ''])),
    )
    .map((failure) => ({
      failure,
      become: afterVainAttempt(failure.attempts, now, options, 'Nothing was heard of the last re-touch.'),
    }));
}

function settleWithoutRetouch(row: FailedRow, now: Date, options: Patience, evidence: Evidence) {
  const exportedAt = evidence.lastExportAt?.get(row.table.toLowerCase());
  if (exportedAt !== undefined && isAfter(exportedAt, latest(row.failures.map(endOfFault))))
    return stepsTo(row, { state: 'healed', note: 'The table was exported again afterwards.' });
  const isOverdue = isAfter(secondsAfter(now, -patienceSeconds(options)), row.changedAt);
  return isOverdue ? giveUp(row, 'The table was not exported again.') : [];
}

/** By the exporter's clock. Logs have whole seconds, and the export that went well just before is no proof. */
function endOfFault({ notificationTime, ingestedAt }: Failure): string {
  return notificationTime === undefined
    ? secondsAfter(new Date(ingestedAt), clockDifferenceSeconds)
    : secondsAfter(new Date(notificationTime), 1);
}

/** A probe that failed lately shows that the cause is still there, also after a profile was switched off for days. */
function hopelessness(waiting: readonly FailedRow[], now: Date, options: Patience) {
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
  if (!proof) {
    if (inFlight.length > 0) return [];
    const order = ({ dueAt, recordId }: FailedRow) => `${dueAt}|${recordId}`;
    return waiting
      .filter((row) => isDue(row, now))
      .reduce<FailedRow[]>(([first], row) => [first && order(first) <= order(row) ? first : row], []);
  }
  if (group.table !== proof.table || kindOf(group) !== kindOf(proof)) return [];
  // Whatever began after the proof speaks for itself: a message that arrives twice releases nothing anew.
  if (inFlight.some(({ changedAt }) => isAfter(changedAt, proof.healedAt))) return [];
  return waiting.filter(
    (row) => !isAfter(row.changedAt, proof.healedAt) && (row.attempts <= proof.attempts || isDue(row, now)),
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
  return stepsTo(row, { state: 'needs-attention', note });
}

const stepsTo = (row: FailedRow, change: Become) =>
  row.failures.map((failure) => ({ failure, become: change }));

const isAfter = (a: string, b: string) => a > b;
