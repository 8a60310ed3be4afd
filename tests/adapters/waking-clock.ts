import type { Clock } from '../../shared/ports/clock.ts';

/** A clock that stands still until it is turned to the next sleeper; `every` is called at each new time. */
export function wakingClock() {
  let time = Date.parse('2026-01-01T00:00:00Z');
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => new Date(time),
    sleep: (milliseconds) =>
      new Promise((resolve) => sleepers.push({ at: time + Math.max(0, milliseconds), wake: resolve })),
  };
  return {
    ...clock,
    /** Goes on to the next time at which somebody wakes up, and lets all that follows happen; false when nobody sleeps. */
    async turn(): Promise<boolean> {
      await settled();
      if (sleepers.length === 0) return false;
      time = Math.min(...sleepers.map(({ at }) => at));
      const due = sleepers.filter(({ at }) => at <= time);
      sleepers = sleepers.filter(({ at }) => at > time);
      for (const { wake } of due) wake();
      await settled();
      return true;
    },
  };
}

/** All promises that can go on have gone on. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
