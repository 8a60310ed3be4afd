import { setTimeout } from 'node:timers/promises';
import type { Clock, Timer } from '../../ports/clock.ts';

/** The machine's time. A signal keeps no process alive. */
export function systemClock(): Clock & Timer {
  return {
    now: () => new Date(),
    signalAfter: (milliseconds) => AbortSignal.timeout(milliseconds),
    sleep: async (milliseconds) => {
      await setTimeout(milliseconds);
    },
  };
}
