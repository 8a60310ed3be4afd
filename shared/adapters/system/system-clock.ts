import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** The machine's time. */
export function systemClock(): Clock {
  return {
    now: () => new Date(),
    sleep: async (milliseconds) => {
      await setTimeout(milliseconds);
    },
  };
}
