import { type Failure, isOpen } from '../model/failure.ts';
import type { AutomationOptions } from './automation-ports.ts';
import { afterVainAttempt, happenedAt, secondsAfter } from './failure-life.ts';
import type { FailureStep } from './next-steps.ts';

/** What the exporter says of the rows: their versions, that it never can tell, or that it cannot be asked now. */
export type Arrival =
  | { readonly kind: 'versions'; readonly versions: ReadonlyMap<string, string> }
  | { readonly kind: 'untold' | 'unreachable' };

/** Failures of one row that were written again at this time and not settled since. */
export function isBeingVerified(failure: Failure, retouchedAt: string): boolean {
  return failure.state === 'retouching' && failure.retouchedAt === retouchedAt;
}

/**
 * What becomes of all failures of a row that was re-touched: healed when the destination has the touched version or, with
 * an exporter that cannot tell, when the log shows that nothing newer failed within the time-out; back to wait, or given
 * up, when it failed again or did not arrive in time. No steps: ask again later.
 */
export function judgeRow(
  failures: readonly Failure[],
  retouchedAt: string,
  arrival: Arrival,
  now: Date,
  options: AutomationOptions,
): readonly FailureStep[] {
  const touched = failures.filter((failure) => isBeingVerified(failure, retouchedAt));
  const open = failures.filter(({ state }) => isOpen(state));
  const newer = open.filter((failure) => !touched.includes(failure) && isNewer(failure, retouchedAt));
  const older = open.filter((failure) => !newer.includes(failure));
  const isTimedOut = now.toISOString() >= secondsAfter(new Date(retouchedAt), options.verifyTimeoutSeconds);

  if (hasArrived(touched, arrival)) return heal(older, 'The row arrived in the destination.');
  if (newer.length > 0) return inVain([...touched, ...newer], 'Failed again after it was written again.');
  if (!isTimedOut) return [];
  if (arrival.kind === 'untold')
    return failures.some((failure) => hidesNextOne(failure, retouchedAt))
      ? inVain(touched, 'The failure log cannot tell whether it failed again after it was written again.')
      : heal(older, 'Did not fail again after it was written again.');
  if (arrival.kind === 'unreachable') return inVain(touched, 'The exporter did not say whether it arrived.');
  return inVain(touched, 'Did not arrive in the destination in time.');

  function inVain(again: readonly Failure[], note: string): readonly FailureStep[] {
    const attempts = Math.max(...touched.map((failure) => failure.attempts));
    const become = afterVainAttempt(attempts, now, options, note);
    return again.map((failure) => ({ failure, become }));
  }
}

function heal(failures: readonly Failure[], note: string): readonly FailureStep[] {
  return failures.map((failure) => ({
    failure,
    become: { state: 'healed', nextAttemptAt: undefined, note },
  }));
}

function hasArrived(touched: readonly Failure[], arrival: Arrival): boolean {
  if (arrival.kind !== 'versions') return false;
  return touched.some(({ recordId, retouchedVersion }) => {
    const version = arrival.versions.get(recordId ?? '');
    return (
      version !== undefined && retouchedVersion !== undefined && BigInt(version) >= BigInt(retouchedVersion)
    );
  });
}

/** Logs have whole seconds, so the touch counts from the beginning of its second. */
function isNewer(failure: Failure, retouchedAt: string): boolean {
  const second = `${retouchedAt.slice(0, 19)}.000Z`;
  return happenedAt(failure) >= second && failure.ingestedAt >= retouchedAt;
}

/**
 * Equal entries are one failure. One from before the touch therefore hides the next one of the same second, or of the same
 * hour's folder when entries have no time: then silence after the touch proves nothing.
 */
function hidesNextOne(failure: Failure, retouchedAt: string): boolean {
  const length =
    failure.notificationTime === undefined ? '2026-01-05T08'.length : '2026-01-05T08:00:00'.length;
  return happenedAt(failure).slice(0, length) === retouchedAt.slice(0, length);
}
