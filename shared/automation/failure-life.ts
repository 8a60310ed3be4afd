import type { Failure } from '../model/failure.ts';
import type { Patience } from './automation-ports.ts';

/** What a step changes in a failure; `changedAt` follows from it. */
export type Become = Partial<
  Pick<Failure, 'state' | 'attempts' | 'nextAttemptAt' | 'retouchedAt' | 'retouchedVersion' | 'note'>
>;

/** The most that the clock of an exporter, which writes the failure log, is expected to differ from ours. */
export const clockDifferenceSeconds = 300;

/** More than all re-touches of one life take; a person may begin it anew as often as they like. */
const longestHistory = 100;

/** The failure after a step, which is written down where its state has changed: what it waited for is over then. */
export function become(failure: Failure, change: Become, now: Date): Failure {
  const { state = failure.state, note = failure.note } = change;
  if (state === failure.state) return { ...failure, ...change };
  const changedAt = now.toISOString();
  const history = [...failure.history, { at: changedAt, state, note }].slice(-longestHistory);
  return { ...failure, nextAttemptAt: undefined, ...change, changedAt, history };
}

/** Seconds to wait before the next re-touch of a row that had this many: the first delay doubled, up to the greatest. */
export function retouchDelaySeconds(attempts: number, options: Patience): number {
  const { retouchFirstDelaySeconds: first, retouchMaxDelaySeconds: greatest } = options;
  if (attempts === 0) return Math.min(first, greatest);
  return Math.min(Math.max(first, 1) * 2 ** Math.min(attempts, 30), greatest);
}

/** Seconds that all re-touches of one row take when each is in vain; nothing waits longer than that. */
export function patienceSeconds(options: Patience): number {
  let seconds = 0;
  for (let attempts = 0; attempts < options.retouchMaxAttempts; attempts++)
    seconds += retouchDelaySeconds(attempts, options) + options.verifyTimeoutSeconds;
  return seconds;
}

/** Verification answers within its time-out; a row that is in flight so much longer has lost its message. */
export function lostAfterSeconds({ verifyTimeoutSeconds, verifyIntervalSeconds }: Patience): number {
  return 2 * verifyTimeoutSeconds + 2 * verifyIntervalSeconds;
}

/** Why a row waits whose table was taken out, or whose profile was switched off or deleted. */
export const notExported = 'The profile does not export the table now.';

/** A re-touch that says nothing of the row: it waits as before. `attempts` counts this one, which is taken back. */
export function afterNoAttempt(
  attempts: number,
  now: Date,
  options: Patience,
  note: string,
  leastSeconds = 0,
): Become {
  const before = Math.max(0, attempts - 1);
  const seconds = Math.max(retouchDelaySeconds(before, options), leastSeconds);
  return { state: 'waiting', attempts: before, nextAttemptAt: secondsAfter(now, seconds), note };
}

/** A re-touch was in vain: wait for the next one, or give up after the last. `attempts` counts this one. */
export function afterVainAttempt(attempts: number, now: Date, options: Patience, note: string): Become {
  if (attempts >= options.retouchMaxAttempts) return { state: 'needs-attention', attempts, note };
  const seconds = retouchDelaySeconds(attempts, options);
  return { state: 'waiting', attempts, nextAttemptAt: secondsAfter(now, seconds), note };
}

/** ISO 8601 of a moment some seconds later. */
export function secondsAfter(moment: Date, seconds: number): string {
  return new Date(moment.getTime() + seconds * 1000).toISOString();
}

/** When it happened as far as the log tells, else when it was read. */
export function happenedAt(failure: Failure): string {
  return failure.notificationTime ?? failure.ingestedAt;
}
