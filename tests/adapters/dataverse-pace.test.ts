import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Begun, identityPace, type Limit } from '../../shared/adapters/dataverse/identity-pace.ts';
import { requestLine, type Urgency } from '../../shared/adapters/dataverse/request-line.ts';
import { wakingClock } from './waking-clock.ts';

const full = { mostAtOnce: 32, sharePercent: 80 };

/** Begins as many as may begin at this time. */
function fill(pace: ReturnType<typeof identityPace>, now: number): Begun[] {
  const begun: Begun[] = [];
  while (pace.freeAt() <= now) begun.push(pace.begin(now));
  return begun;
}

describe('one identity', () => {
  test('begins with four places, takes the hint, adds one for many clean answers, up to twice the hint', () => {
    const pace = identityPace(full);
    const [first, ...others] = fill(pace, 0);
    expect(others).toHaveLength(3);
    pace.answered(first as Begun, 1, { hint: 6 });
    expect(pace.places()).toBe(6);
    for (const one of others) pace.answered(one, 1, { hint: 6 });
    const answerAll = () => {
      for (const one of fill(pace, 2)) pace.answered(one, 3, { hint: 6 });
    };
    // One of six answers is of a request that took the last place, as one of the first four did.
    for (let round = 0; round < 28; round++) answerAll();
    expect(pace.places()).toBe(6);
    answerAll();
    expect(pace.places()).toBe(7);
    for (let round = 0; round < 1000; round++) answerAll();
    expect(pace.places()).toBe(12);
  });

  test('answers while places are free add none', () => {
    const pace = identityPace(full);
    for (let count = 0; count < 1000; count++) pace.answered(pace.begin(count), count, { hint: 4 });
    expect(pace.places()).toBe(4);
  });

  test.each<[Limit, number, number]>([
    ['requests', 4, 37_000],
    ['time', 2, 37_000],
    ['concurrency', 2, 2000],
  ])('a 429 for %s leaves %i of four places and stops for %i ms of 37 s', (limit, places, stopped) => {
    const pace = identityPace(full);
    const begun = fill(pace, 0);
    for (const one of begun) pace.refused(one, 0, limit, 37);
    expect(pace.places()).toBe(places);
    expect(pace.stoppedUntil()).toBe(stopped);
    expect(fill(pace, stopped - 1)).toHaveLength(0);
    expect(fill(pace, stopped)).toHaveLength(places);
  });

  test('a 429 for concurrency that comes again stops twice as long, up to what Dataverse asks', () => {
    const pace = identityPace(full);
    const stops: number[] = [];
    for (let count = 0; count < 5; count++) {
      const now = pace.stoppedUntil();
      pace.refused(pace.begin(now), now, 'concurrency', 12);
      stops.push(pace.stoppedUntil() - now);
    }
    expect(stops).toEqual([2000, 4000, 8000, 12_000, 12_000]);
    pace.answered(pace.begin(100_000), 100_000, {});
    pace.refused(pace.begin(100_000), 100_000, 'concurrency', 12);
    expect(pace.stoppedUntil()).toBe(102_000);
  });

  test('the less is left, the further apart requests begin; nothing is spaced while enough is left', () => {
    const pace = identityPace(full);
    const spacing = (requestsLeft: number) => {
      const now = Math.max(pace.freeAt(), pace.stoppedUntil());
      pace.answered(pace.begin(now), now, { requestsLeft });
      const one = pace.begin(pace.freeAt());
      const at = pace.freeAt();
      pace.failed();
      return at - one.at;
    };
    expect([6000, 3000, 1200].map(spacing)).toEqual([0, 0, 0]);
    // 300 s for 6000 requests are 50 ms for one.
    expect(spacing(600)).toBeCloseTo(50);
    expect(spacing(300)).toBeCloseTo(150);
    expect(spacing(0)).toBeCloseTo(1000);
  });

  test('execution time is spared as requests are, by what a request takes', () => {
    const pace = identityPace(full);
    pace.answered(pace.begin(0), 2000, { secondsLeft: 1200 });
    pace.answered(pace.begin(2000), 4000, { secondsLeft: 120 });
    const { at } = pace.begin(pace.freeAt());
    // 2 s of 1200 flow back in 500 ms; half of the reserve is left.
    expect(pace.freeAt() - at).toBeCloseTo(500);
  });
});

/** A server that refuses by three limits, for one identity. */
function limitedServer(limits: { requests: number; windowMilliseconds: number; concurrency: number }) {
  let begun: number[] = [];
  let underWay = 0;
  return {
    begin(now: number): Limit | undefined {
      begun = begun.filter((at) => at > now - limits.windowMilliseconds);
      if (begun.length >= limits.requests) return 'requests';
      if (underWay >= limits.concurrency) return 'concurrency';
      begun.push(now);
      underWay++;
      return undefined;
    },
    end: () => underWay--,
    requestsLeft: () => limits.requests - begun.length,
  };
}

const request = fc.record({
  urgency: fc.constantFrom<Urgency>('awaited', 'usual', 'bulk', 'write'),
  after: fc.nat(3000),
  takes: fc.integer({ min: 1, max: 4000 }),
  isLost: fc.boolean(),
});
const world = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 80 }),
  identities: fc.integer({ min: 1, max: 3 }),
  mostAtOnce: fc.integer({ min: 1, max: 12 }),
  sharePercent: fc.integer({ min: 10, max: 100 }),
  limit: fc.integer({ min: 3, max: 60 }),
  concurrency: fc.integer({ min: 1, max: 8 }),
  retryAfterSeconds: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  hint: fc.integer({ min: 1, max: 60 }),
});

test('never more than the most, never none, no request of an identity before its time, and everybody comes to an end', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ requests, identities, limit, concurrency, hint, ...given }) => {
      const clock = wakingClock();
      const now = () => clock.now().getTime();
      const notBefore: number[] = [];
      const early: number[] = [];
      const paces = Array.from({ length: identities }, (_, identity) => {
        const pace = identityPace({ ...given, windowSeconds: 20 });
        const begin = (at: number) => {
          if (at < (notBefore[identity] ?? 0)) early.push(identity);
          return pace.begin(at);
        };
        return { ...pace, begin };
      });
      const servers = paces.map(() =>
        limitedServer({ requests: limit, windowMilliseconds: 20_000, concurrency }),
      );
      const line = requestLine(paces, clock);
      const underWay = paces.map(() => 0);
      const ends: string[] = [];

      async function send({ urgency, after, takes, isLost }: (typeof requests)[number]): Promise<void> {
        await clock.sleep(after);
        for (;;) {
          const among = paces.map((_, index) => index);
          const turn = await line.take({ urgency, among, mostMilliseconds: 86_400_000, givesWay: false });
          if (!('identity' in turn)) throw new Error('a day was not enough');
          const { identity, begun } = turn;
          const [pace, server] = [paces[identity], servers[identity]];
          if (!pace || !server) throw new Error('unknown identity');
          underWay[identity] = (underWay[identity] ?? 0) + 1;
          expect(underWay[identity]).toBeLessThanOrEqual(given.mostAtOnce);
          const refusal = server.begin(now());
          await clock.sleep(refusal ? 5 : takes);
          underWay[identity]--;
          if (refusal) {
            pace.refused(begun, now(), refusal, given.retryAfterSeconds);
            const told = (given.retryAfterSeconds ?? 5) * 1000;
            const waits = refusal === 'concurrency' ? Math.min(told, 2000) : told;
            notBefore[identity] = Math.max(notBefore[identity] ?? 0, now() + waits);
          } else {
            server.end();
            if (isLost) pace.failed();
            else pace.answered(begun, now(), { hint, requestsLeft: server.requestsLeft() });
          }
          expect(pace.places()).toBeGreaterThanOrEqual(1);
          expect(pace.places()).toBeLessThanOrEqual(Math.max(given.mostAtOnce, 1));
          line.advance();
          if (!refusal) break;
        }
        ends.push(urgency);
      }

      const all = Promise.all(requests.map(send));
      let isOver = false;
      void all.finally(() => {
        isOver = true;
      });
      while (!isOver && (await clock.turn()));
      expect(ends).toHaveLength(requests.length);
      expect(early).toEqual([]);
      await all;
    }),
    { numRuns: 150 },
  );
}, 120_000);

describe('the line', () => {
  const lineOf = (count: number, mostAtOnce = 1) => {
    const clock = wakingClock();
    const paces = Array.from({ length: count }, () => identityPace({ mostAtOnce, sharePercent: 80 }));
    const line = requestLine(paces, clock);
    const order: string[] = [];
    const take = async (name: string, urgency: Urgency, more: object = {}) => {
      const wanted = { urgency, among: paces.map((_, index) => index), mostMilliseconds: 60_000 };
      const turn = await line.take({ ...wanted, givesWay: false, ...more });
      order.push(name);
      return turn;
    };
    const end = (identity = 0) => {
      paces[identity]?.failed();
      line.advance();
    };
    return { clock, paces, order, take, end };
  };

  test('lets people in first, then what is usual, then rows, then writes', async () => {
    const { clock, order, take, end } = lineOf(1);
    await take('first', 'bulk');
    for (const urgency of ['write', 'bulk', 'usual', 'awaited'] as const) void take(urgency, urgency);
    for (let count = 0; count < 4; count++) {
      end();
      await clock.turn();
    }
    expect(order).toEqual(['first', 'awaited', 'usual', 'bulk', 'write']);
  });

  test('lets in who has waited for long before who is more urgent', async () => {
    const { clock, order, take, end } = lineOf(1);
    await take('first', 'bulk');
    void take('old rows', 'bulk');
    void clock.sleep(10_001);
    await clock.turn();
    void take('person', 'awaited');
    end();
    await clock.turn();
    expect(order).toEqual(['first', 'old rows']);
  });

  test('sends each to the freest identity, and past one that has to wait', async () => {
    const { paces, take, end } = lineOf(2, 2);
    for (const identity of [0, 1, 0, 1]) expect(await take('each', 'bulk')).toMatchObject({ identity });
    end(1);
    paces[1]?.refused(paces[1].begin(0), Date.parse('2026-01-01T00:00:00Z'), 'requests', 400);
    end(0);
    expect(await take('c', 'bulk')).toMatchObject({ identity: 0 });
    expect(await take('write', 'write', { among: [1], givesWay: true })).toEqual({ retryAfterSeconds: 400 });
    expect(await take('too long', 'bulk', { among: [1] })).toEqual({ retryAfterSeconds: 400 });
  });

  test('sends back who has stood in it for too long', async () => {
    const { take, end } = lineOf(1);
    await take('first', 'bulk');
    const waiting = take('second', 'bulk', { mostMilliseconds: 0 });
    expect(await waiting).toEqual({ retryAfterSeconds: 5 });
    const next = take('third', 'bulk');
    end();
    expect(await next).toMatchObject({ identity: 0 });
  });
});
