import type { Clock } from '../../ports/clock.ts';
import type { Begun, IdentityPace } from './identity-pace.ts';

/** People who wait, what the engine asks in between, pages of rows, writes. */
export type Urgency = 'awaited' | 'usual' | 'bulk' | 'write';

export interface Wanted {
  readonly urgency: Urgency;
  /** Which identities may do it, by their place in the list; one at least. */
  readonly among: readonly number[];
  readonly mostMilliseconds: number;
  /** Does not wait while Dataverse asks to wait. */
  readonly givesWay: boolean;
}

/** A place under way, or nothing: it would have to wait longer than it may, so long at least. */
export type Turn =
  | {
      readonly identity: number;
      readonly begun: Begun;
      readonly waitedMilliseconds: number;
    }
  | { readonly retryAfterSeconds: number };

interface Waiting extends Wanted {
  readonly askedAt: number;
  readonly resolve: (turn: Turn) => void;
}

export type RequestLine = ReturnType<typeof requestLine>;

/** Who is less urgent stands behind those who come so much later; so everybody's turn comes. */
const lateByUrgency: Readonly<Record<Urgency, number>> = {
  awaited: 0,
  usual: 2000,
  bulk: 10_000,
  write: 20_000,
};
const retryOfFullSeconds = 5;

/** Where the requests to one organization stand until one of its identities is free; each goes to the freest. */
export function requestLine(paces: readonly IdentityPace[], clock: Clock) {
  const line: Waiting[] = [];
  let wakeAt = Number.POSITIVE_INFINITY;

  const paceOf = (identity: number) => paces[identity] as IdentityPace;
  const rankOf = ({ askedAt, urgency }: Waiting) => askedAt + lateByUrgency[urgency];

  /** Lets in everyone who may; call it whenever a request has ended. */
  function advance(): void {
    const now = clock.now().getTime();
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of [...line]) {
      const turn = turnOf(waiting, now);
      if (turn === undefined) next = Math.min(next, ...freeTimes(waiting));
      else {
        line.splice(line.indexOf(waiting), 1);
        waiting.resolve(turn);
      }
    }
    wake(next, now);
  }

  const freeTimes = ({ among, urgency }: Wanted) =>
    among.map((identity) => paceOf(identity).freeAt(urgency === 'awaited'));

  /** Undefined as long as it has to wait. */
  function turnOf(waiting: Waiting, now: number): Turn | undefined {
    const { among, askedAt, mostMilliseconds, givesWay } = waiting;
    const times = freeTimes(waiting);
    const free = among.filter((_, index) => (times[index] as number) <= now);
    const [first, ...others] = free;
    if (first !== undefined) {
      const identity = others.reduce(
        (best, other) => (paceOf(other).load() < paceOf(best).load() ? other : best),
        first,
      );
      return { identity, begun: paceOf(identity).begin(now), waitedMilliseconds: now - askedAt };
    }
    const opensAt = Math.min(...among.map((identity) => paceOf(identity).stoppedUntil()));
    const latest = askedAt + mostMilliseconds;
    if (opensAt <= latest && now < latest && !(givesWay && opensAt > now)) return undefined;
    return { retryAfterSeconds: opensAt > now ? Math.ceil((opensAt - now) / 1000) : retryOfFullSeconds };
  }

  /** Where all places are taken, the end of a request is what to wait for, and no time. */
  function wake(next: number, now: number): void {
    if (next === Number.POSITIVE_INFINITY || next >= wakeAt) return;
    wakeAt = next;
    void clock.sleep(next - now).then(() => {
      if (wakeAt === next) wakeAt = Number.POSITIVE_INFINITY;
      advance();
    });
  }

  return {
    advance,
    take: (wanted: Wanted) =>
      new Promise<Turn>((resolve) => {
        const waiting = { ...wanted, askedAt: clock.now().getTime(), resolve };
        const behind = line.findIndex((other) => rankOf(other) > rankOf(waiting));
        line.splice(behind === -1 ? line.length : behind, 0, waiting);
        advance();
      }),
  };
}
