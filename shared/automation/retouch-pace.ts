import type { Failure } from '../model/failure.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { latest } from './failed-rows.ts';
import { secondsAfter } from './failure-life.ts';

/** Turns are given so far ahead. What is beyond waits for the next probe: the cause may be there again by then. */
const mostSecondsAhead = 6 * 3600;
const lateAfterSeconds = 60;

const mostRowsPerItem = 100;

/** How many rows a message has, and when it may be sent; undefined: not now. */
export interface Pace {
  readonly size: number;
  readonly turnOf: (organizationId: string, rows: number) => Promise<Date | undefined>;
}

/** Of rows that are written: no more than may be written a minute. */
export function paceOf(isProbe: boolean, ports: PacePorts): Pace {
  return {
    size: Math.min(mostRowsPerItem, ports.options.retouchWritesPerMinute),
    turnOf: (organizationId, rows) => takeTurn(organizationId, isProbe ? 'probe' : rows, ports),
  };
}

/** Of rows that the exporter reads: it has a pace of its own. */
export function atOnce({ clock }: PacePorts): Pace {
  return { size: mostRowsPerItem, turnOf: async () => clock.now() };
}

type PacePorts = Pick<AutomationPorts, 'touchFacts' | 'clock' | 'options'>;

/**
 * When these rows of the organization may be written, so that all instances together write no more a minute than the
 * setting allows; undefined when that is more than six hours away. Each call takes the time that the rows need. A probe goes
 * at once, and those after it wait a little longer.
 */
export async function takeTurn(
  organizationId: string,
  rows: number | 'probe',
  { touchFacts, clock, options }: PacePorts,
): Promise<Date | undefined> {
  const now = clock.now();
  let turn: Date | undefined;
  await touchFacts.update(organizationId, (facts) => {
    const free = new Date(latest([facts.freeFrom ?? '', now.toISOString()]));
    const start = rows === 'probe' ? now : free;
    const isTooFar = start.getTime() - now.getTime() > mostSecondsAhead * 1000;
    turn = isTooFar ? undefined : start;
    if (isTooFar) return undefined;
    const count = rows === 'probe' ? 1 : rows;
    return { ...facts, freeFrom: secondsAfter(free, (count * 60) / options.retouchWritesPerMinute) };
  });
  return turn;
}

/** Whether the turn of these failures is long over, as after an outage: others are written now. */
export function hasMissedTurn(failures: readonly Failure[], now: Date): boolean {
  const turn = latest(failures.map(({ nextAttemptAt }) => nextAttemptAt ?? ''));
  return turn !== '' && turn < secondsAfter(now, -lateAfterSeconds);
}
