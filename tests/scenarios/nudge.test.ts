import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profile, replicationWorld, table } from './replication-world.ts';

const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;
const gapSeconds = 5;

/** A world at rest: loaded, and idle for so long that it is asked only every five minutes. */
async function idleWorld() {
  const world = await replicationWorld();
  for (let n = 0; n < 2; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  for (let turns = 0; turns < 15; turns += 1) {
    await world.deliver(0);
    world.tick(300);
  }
  await world.deliver(0);
  return world;
}
type World = Awaited<ReturnType<typeof idleWorld>>;

const state = (world: World) => world.syncStates.get(profile.id, table);
const secondsUntilDue = async (world: World) =>
  (Date.parse((await state(world))?.dueAt ?? '') - world.now()) / 1000;
const names = (world: World) => [...world.destination.rows(table).values()].map(({ name }) => name);

/** Lets the seconds pass one by one, and delivers what becomes visible. */
async function live(world: World, seconds: number): Promise<void> {
  for (let second = 0; second <= seconds; second += 1) {
    for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
    world.tick(1);
  }
}

test('an idle table is asked less and less often, from 15 seconds to five minutes, and soon again after a change', async () => {
  const world = await replicationWorld();
  world.source.put(table, idOf(0), { name: 'first' });
  await world.call('activate');
  const pauses: number[] = [];
  const turn = async () => {
    await world.deliver(0);
    const seconds = await secondsUntilDue(world);
    pauses.push(seconds);
    world.tick(seconds);
  };
  for (let turns = 0; turns < 11; turns += 1) await turn();
  expect(pauses).toEqual([15, 23, 35, 53, 80, 120, 180, 270, 300, 300, 300]);
  world.source.put(table, idOf(0), { name: 'second' });
  await turn();
  expect(pauses.at(-1)).toBe(15);
});

test('pages that are left over are asked for at once', async () => {
  const world = await idleWorld();
  for (let n = 0; n < 8; n += 1) world.source.put(table, idOf(n), { name: 'second' });
  const { writePage } = world.destination;
  world.destination.writePage = async (write) => {
    world.tick(240);
    return writePage(write);
  };
  world.tick(300);
  await world.deliver(0);
  expect(await secondsUntilDue(world)).toBe(0);
});

test('a nudge wakes an idle table at once, once, and its old turn is void', async () => {
  const world = await idleWorld();
  world.tick(gapSeconds);
  expect(await secondsUntilDue(world)).toBe(300 - gapSeconds);
  world.source.put(table, idOf(0), { name: 'second' });
  const { turn = 0 } = (await state(world)) ?? {};
  expect(await world.webhookInstance()()).toBe(true);
  expect([await secondsUntilDue(world), world.messageCount()]).toEqual([0, 2]);
  expect((await state(world))?.turn).toBe(turn + 1);
  await live(world, 0);
  expect(names(world)).toEqual(['second', 'first']);
  await live(world, 320);
  expect(world.messageCount()).toBe(1);
});

test('a nudge while a pass is at work, that may have read already, is followed by another pass, but not at once', async () => {
  const world = await idleWorld();
  const nudge = world.webhookInstance();
  world.tick(300);
  const { writePage } = world.destination;
  world.destination.writePage = async (write) => {
    world.destination.writePage = writePage;
    world.source.put(table, idOf(0), { name: 'second' });
    await nudge();
    return writePage(write);
  };
  await world.deliver(0);
  expect(names(world)).toEqual(['first', 'first']);
  expect(await secondsUntilDue(world)).toBe(gapSeconds);
  await live(world, gapSeconds);
  expect(names(world)).toEqual(['second', 'first']);
});

test('of what comes again and again each is heard: the woken turn may have read before', async () => {
  const world = await idleWorld();
  const nudge = world.webhookInstance();
  world.tick(60);
  for (const name of ['second', 'third', 'fourth']) {
    world.source.put(table, idOf(0), { name });
    await nudge();
    await world.deliver(0);
    world.tick(0.5);
  }
  expect(names(world)).toEqual(['second', 'first']);
  await live(world, gapSeconds);
  expect(names(world)).toEqual(['fourth', 'first']);
});

test('a nudge hurries no table that waits for a fault to pass', async () => {
  const world = await idleWorld();
  world.source.fail('DATAVERSE_THROTTLED', 120);
  world.tick(300);
  await world.deliver(0);
  expect(await secondsUntilDue(world)).toBe(120);
  await world.webhookInstance()();
  expect([await secondsUntilDue(world), world.messageCount()]).toEqual([120, 1]);
  await live(world, 121);
  await live(world, 30);
  await world.webhookInstance()();
  expect(await secondsUntilDue(world)).toBe(0);
});

test('nudges of tables that no active profile exports, and of profiles that are gone, make nothing', async () => {
  const world = await idleWorld();
  await world.call('deactivate');
  expect(await world.webhookInstance()()).toBe(false);
  await world.call('delete');
  expect(await world.webhookInstance()()).toBe(false);
  expect(await state(world)).toBeUndefined();
});

const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('change' as const), by: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('deliver' as const), isKept: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('deliverMeanwhile' as const),
      atCall: fc.integer({ min: 1, max: 12 }),
      by: fc.nat(1),
      // A turn that has had its time ends before its pass does.
      seconds: fc.constantFrom(0, 0, 240),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      seconds: fc.constantFrom(0.2, 1, 2, 4, 15, 300),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fault' as const), seconds: fc.constantFrom(1, 3, 20) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expireTokens' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('many' as const) }) },
);

test('whenever a change and its nudge come, the change is there within the gap of them, once no fault is in the way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 30 }), async (history) => {
      const world = await idleWorld();
      const instances = [world.webhookInstance(), world.webhookInstance()];
      let changes = 0;
      const change = async (by: number) => {
        changes += 1;
        world.source.put(table, idOf(changes % 4), { name: `change ${changes}` });
        await instances[by]?.();
      };
      const duringTurn = async ({ by, seconds }: { by: number; seconds: number }) => {
        await change(by);
        world.tick(seconds);
      };
      for (const what of history) {
        if (what.kind === 'change') await change(what.by);
        else if (what.kind === 'deliver') await world.deliver(0, undefined, what.isKept);
        else if (what.kind === 'tick') world.tick(what.seconds);
        else if (what.kind === 'fault') world.source.fail('DATAVERSE_THROTTLED', what.seconds);
        else if (what.kind === 'expireTokens') world.source.expireTokens();
        else if (what.kind === 'many') for (let n = 0; n < 9; n += 1) await change(n % 2);
        else await world.deliver(0, undefined, false, { atCall: what.atCall, act: () => duringTurn(what) });
      }
      // From here on what is visible is delivered within the second. Faults of 20 s each may still stand in the way.
      const inTheWay = history.filter(({ kind }) => kind === 'fault' || kind === 'expireTokens').length;
      await live(world, gapSeconds + 2 + 25 * inTheWay);
      const rows = [...world.source.rows(table)].map(([id, { values }]) => [id, values.name]);
      const copies = [...world.destination.rows(table)].map(([id, { name }]) => [id, name]);
      expect(copies.sort()).toEqual(rows.sort());
    }),
    { numRuns: 500 },
  );
});
