import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOpen } from '../../../shared/model/failure.ts';
import { Crash, rowId, smallWorld } from './small-world.ts';

const rowCount = 6;
const anyRow = fc.integer({ min: 0, max: rowCount - 1 });
const anyAct = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('timer' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      place: fc.nat({ max: 5 }),
      isKept: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('together' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('export' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.nat({ max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('change' as const), row: anyRow }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), row: anyRow }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('refuse' as const), row: anyRow, isRefused: fc.boolean() }),
  },
);
type Act = typeof anyAct extends fc.Arbitrary<infer T> ? T : never;
const anyHistory = fc.array(fc.record({ act: anyAct, diesAt: fc.option(fc.integer({ min: 1, max: 30 })) }), {
  maxLength: 60,
  size: 'max',
});

const anyPace = fc.constantFrom(6000, 2);

type World = ReturnType<typeof smallWorld>;

function refuse(world: World, row: number, isRefused: boolean): void {
  if (isRefused) world.refused.set(rowId(row), `Cannot write the row: constraint "c${row % 2}" refused it.`);
  else world.refused.delete(rowId(row));
}

async function act(world: World, what: Act): Promise<void> {
  if (what.kind === 'timer') await world.runTimer();
  else if (what.kind === 'deliver') await world.deliver(what.place, what.isKept);
  else if (what.kind === 'together') await together(world);
  else if (what.kind === 'export') world.exportChanges();
  else if (what.kind === 'pass') world.pass(what.seconds + 0.001);
  else if (what.kind === 'refuse') refuse(world, what.row, what.isRefused);
  else if (what.kind === 'change') world.source.put('account', rowId(what.row), { name: 'changed' });
  else if (world.source.rows('account').has(rowId(what.row))) world.source.delete('account', rowId(what.row));
}

/** Two timers, two messages and one of these twice, on different instances at the same time. */
async function together(world: World): Promise<void> {
  const runs = [
    world.runTimer(),
    world.deliver(0),
    world.deliver(0, true),
    world.deliver(1),
    world.runTimer(),
  ];
  const results = await Promise.allSettled(runs);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function play(world: World, history: readonly { act: Act; diesAt: number | null }[]): Promise<void> {
  for (let row = 0; row < rowCount; row++) {
    world.source.put('account', rowId(row), { name: 'first' });
    refuse(world, row, row % 3 !== 0);
  }
  for (const { act: what, diesAt } of history) {
    world.dieAtCall(diesAt ?? Number.POSITIVE_INFINITY);
    try {
      await act(world, what);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    world.dieAtCall(Number.POSITIVE_INFINITY);
  }
}

test.each([
  { isResyncPreferred: true, hasRowVersions: true },
  { isResyncPreferred: true, hasRowVersions: false },
  { isResyncPreferred: false, hasRowVersions: true },
  { isResyncPreferred: false, hasRowVersions: false },
])(
  'after any history of crashes, redeliveries and delays nothing is lost and nothing stays open (%j)',
  async (exporter) => {
    const { hasRowVersions } = exporter;
    await fc.assert(
      fc.asyncProperty(
        anyHistory,
        fc.boolean(),
        anyPace,
        async (history, isCured, retouchWritesPerMinute) => {
          const world = smallWorld({ ...exporter, retouchWritesPerMinute });
          await play(world, history);
          if (isCured) world.refused.clear();
          await world.live(240);

          expect(world.failures().filter(({ state }) => isOpen(state))).toEqual([]);
          const logged = world.logged();
          expect(world.failures().length).toBe(new Set(logged).size);
          for (const failure of world.failures()) {
            const { recordId = '', state } = failure;
            const row = world.source.rows('account').get(recordId);
            if (state === 'healed' && hasRowVersions)
              expect(Number(failure.retouchedVersion ?? 0)).toBeLessThanOrEqual(
                Math.max(world.destination.get(recordId) ?? 0, row ? 0 : Number.MAX_SAFE_INTEGER),
              );
            if (isCured && row && state !== 'needs-attention')
              expect(world.destination.get(recordId)).toBe(row.version);
          }
        },
      ),
      { numRuns: 150 },
    );
  },
);
