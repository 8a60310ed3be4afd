import { type Failure, isOpen } from '../model/failure.ts';
import type { Patience } from './automation-ports.ts';
import {
  afterVainAttempt,
  clockDifferenceSeconds,
  happenedAt,
  lostAfterSeconds,
  secondsAfter,
} from './failure-life.ts';
import type { FailureStep } from './next-steps.ts';

/** What the exporter says of the rows: their versions, that it never can tell, or that it cannot be asked now. */
export type Arrival =
  | { readonly kind: 'versions'; readonly versions: ReadonlyMap<string, string> }
  | {
      readonly kind: 'untold';
      /** Up to when its failure log is in the ledger; undefined when nobody has read it. */
      readonly readUpTo: string | undefined;
      /** For how long it tries a row before it logs the failure. */
      readonly retrySeconds: number;
    }
  | { readonly kind: 'unreachable' };

/** Said of a row that an exporter which tells versions did not bring to the destination within the time-out. */
export const notArrived = 'Did not arrive in the destination in time.';

/** Failures of one row that were written again at this time and not settled since. */
export function isBeingVerified(failure: Failure, retouchedAt: string): boolean {
  return failure.state === 'retouching' && failure.retouchedAt === retouchedAt;
}

/**
 * What becomes of all failures of a row that was re-touched: healed when the destination has the touched version or, with
 * an exporter that cannot tell, when the log was read up to the time-out and the exporter's own tries after it, and nothing
 * newer is there; back to wait, or given up, when it failed again or did not arrive in time. No steps: ask again later.
 * What was known of the exporter's log must have been asked for before the failures were read.
 */
export function judgeRow(
  failures: readonly Failure[],
  retouchedAt: string,
  arrival: Arrival,
  now: Date,
  options: Patience,
): readonly FailureStep[] {
  const touched = failures.filter((failure) => isBeingVerified(failure, retouchedAt));
  const open = failures.filter(({ state }) => isOpen(state));
  const newer = open.filter((failure) => !touched.includes(failure) && isNewer(failure, retouchedAt));
  const older = open.filter((failure) => !newer.includes(failure));
  const isTimedOut = now.toISOString() >= secondsAfter(new Date(retouchedAt), options.verifyTimeoutSeconds);

  if (hasArrived(touched, arrival)) return heal(older, 'The row arrived in the destination.');
  if (newer.length > 0) return inVain([...touched, ...newer], 'Failed again after it was written again.');
  if (!isTimedOut) return [];
  if (arrival.kind === 'untold') {
    if (failures.some((failure) => hidesNextOne(failure, retouchedAt)))
      return inVain(
        touched,
        'The failure log cannot tell whether it failed again after it was written again.',
      );
    const loggedBy = options.verifyTimeoutSeconds + arrival.retrySeconds;
    const isSilent = (arrival.readUpTo ?? '') >= secondsAfter(new Date(retouchedAt), loggedBy);
    return isSilent ? heal(older, 'Did not fail again after it was written again.') : [];
  }
  if (arrival.kind === 'unreachable') return inVain(touched, 'The exporter did not say whether it arrived.');
  return inVain(touched, notArrived);

  function inVain(again: readonly Failure[], note: string): readonly FailureStep[] {
    const attempts = Math.max(...touched.map((failure) => failure.attempts));
    const become = afterVainAttempt(attempts, now, options, note);
    return again.map((failure) => ({ failure, become }));
  }
}

/**
 * Steps that tell of a row which is asked for again that it is not lost, however long the failure log cannot be read. They are
 * written when half the time is over after which it would be taken for that, not at each look.
 */
export function stillAwaited(
  failures: readonly Failure[],
  retouchedAt: string,
  now: Date,
  options: Patience,
): readonly FailureStep[] {
  const before = secondsAfter(now, -lostAfterSeconds(options) / 2);
  return failures
    .filter((failure) => isBeingVerified(failure, retouchedAt))
    .filter(({ nextAttemptAt }) => retouchedAt < before && (nextAttemptAt ?? '') < before)
    .map((failure) => ({ failure, become: { nextAttemptAt: now.toISOString() } }));
}

function heal(failures: readonly Failure[], note: string): readonly FailureStep[] {
  return failures.map((failure) => ({ failure, become: { state: 'healed', note } }));
}

function hasArrived(touched: readonly Failure[], arrival: Arrival): boolean {
  if (arrival.kind !== 'versions') return false;
  return touched.some(({ recordId, retouchedVersion }) => {
    const version = arrival.versions.get(recordId ?? '');
    // Without a version it was gone already: what must arrive is its delete.
    if (version === undefined || retouchedVersion === undefined) return version === retouchedVersion;
    return BigInt(version) >= BigInt(retouchedVersion);
  });
}

/**
 * Our clock says what was read after the touch. Among that the log's clock, which may be slow, tells what happened before:
 * an entry that is taken for newer by mistake costs an attempt, one that is taken for older would heal the row wrongly.
 */
function isNewer(failure: Failure, retouchedAt: string): boolean {
  const earliest = secondsAfter(new Date(retouchedAt), -clockDifferenceSeconds);
  return failure.ingestedAt >= retouchedAt && happenedAt(failure) >= earliest;
}

/**
 * Equal entries are one failure. One that was read less than a second before the touch may therefore hide the next one, as
 * may one of the same hour's folder when entries have no time: then silence after the touch proves nothing. An hour of the
 * log may begin and end earlier or later than ours.
 */
function hidesNextOne({ notificationTime, ingestedAt }: Failure, retouchedAt: string): boolean {
  if (notificationTime !== undefined) return secondsAfter(new Date(ingestedAt), 1) > retouchedAt;
  const hourAt = (moment: string, seconds: number) => secondsAfter(new Date(moment), seconds).slice(0, 13);
  return hourAt(ingestedAt, clockDifferenceSeconds) >= hourAt(retouchedAt, -clockDifferenceSeconds);
}
