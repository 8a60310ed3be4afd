import { ServiceError } from '../errors.ts';
import type { Finding } from '../model/finding.ts';
import type { Timer } from '../ports/clock.ts';

/** A time that is waited at most. `isOver` resolves when it has passed. */
export interface TimeLimit {
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly isOver: Promise<void>;
}

/** Begins at once. */
export function timeLimit(seconds: number, clock: Timer): TimeLimit {
  const signal = clock.signalAfter(seconds * 1000);
  const isOver = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return { seconds, signal, isOver };
}

/** Something tried in steps, and what was found. */
export interface Trial {
  readonly findings: Finding[];
  /**
   * What the work resolves to, or undefined when it failed with an error of ours or outlived the limit, and then that is a
   * finding. `doing` completes "Cannot ...". A defect is not disguised as a finding: it is thrown.
   */
  attempt<T>(doing: string, work: () => Promise<T>): Promise<T | undefined>;
}

/** A trial that gives up what is not finished when the limit is over; nothing is begun after it. */
export function startTrial({ seconds, signal, isOver }: TimeLimit): Trial {
  const findings: Finding[] = [];
  return {
    findings,
    async attempt(doing, work) {
      const giveUp = () => {
        throw new ServiceError(
          'PROFILE_TEST_UNFINISHED',
          `Cannot ${doing}: it was not finished when the ${seconds} seconds of a test were over.`,
        );
      };
      try {
        if (signal.aborted) giveUp();
        return await Promise.race([work(), isOver.then(giveUp)]);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        findings.push({ severity: 'error', code: error.code, message: error.message });
        return undefined;
      }
    },
  };
}
