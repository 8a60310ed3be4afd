import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresUnderTest, type PostgresUnderTest } from '../adapters/postgres-schema.ts';
import { fencingWorld } from './fencing-world.ts';
import { table } from './replication-world.ts';

const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;

type World = Awaited<ReturnType<typeof fencingWorld>>;
let postgres: PostgresUnderTest;
let world: World;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterEach(() => world.end());
afterAll(() => postgres.close());

/** A world with seven rows, in pages of three; its profile was activated, and nothing was done yet. */
async function activeWorld(rows = 7): Promise<void> {
  world = await fencingWorld(postgres);
  for (let n = 0; n < rows; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate', world.first);
}

async function loadedWorld(rows = 7): Promise<void> {
  await activeWorld(rows);
  await world.others(2);
}

function only<T>([one, ...more]: readonly T[]): T {
  if (one === undefined || more.length > 0) throw new Error(`One is expected, not ${more.length + 1}.`);
  return one;
}

async function expectEqualSides(): Promise<void> {
  const { here, there } = await world.sides();
  expect(here).toEqual(there);
}

/** Once all is quiet: both sides equal, one turn on its way, and no deletion logged twice. */
async function expectGoodEnd(owner = world.first): Promise<void> {
  await world.others();
  await expectEqualSides();
  expect(await world.owner()).toBe(owner.id);
  const logged = (await world.under.deleteLog()).map(({ id, version }) => `${id} ${version}`);
  expect(logged).toEqual([...new Set(logged)]);
  expect(world.queued()).toBe(1);
}

/** Between what a worker has read, row 0 among it, and what it does next. */
const moments = {
  'a page of the load': async () => {
    await activeWorld();
    return world.asleep(only(world.take()), 'writePage');
  },
  'the page of a small table': async () => {
    await activeWorld(2);
    return world.asleep(only(world.take()), 'writePage');
  },
  'a page of a delta': async () => {
    await loadedWorld();
    world.source.put(table, idOf(0), { name: 'second' });
    world.source.put(table, idOf(9), { name: 'new' });
    return world.asleep(only(world.take()), 'writePage');
  },
  'the count of the rows': async () => {
    await activeWorld();
    return world.asleep(only(world.take()), 'advance');
  },
  'what its sweep deletes': async () => {
    await loadedWorld();
    world.source.expireTokens();
    await world.run(only(world.take()));
    return world.asleep(only(world.take()), 'sweep');
  },
  'the end of its turn': async () => {
    await loadedWorld();
    world.source.put(table, idOf(0), { name: 'second' });
    return world.asleep(only(world.take()), 'update');
  },
};

describe.each(Object.entries(moments))('a worker that sleeps before it writes %s', (_, sleep) => {
  test('and wakes up after the watchdog has had another one go on, puts no deleted row back', async () => {
    const sleeper = await sleep();
    world.source.delete(table, idOf(0));
    world.source.put(table, idOf(1), { name: 'later' });
    await world.watchdog();
    expect(world.queued()).toBe(1);
    await world.others();
    await expectEqualSides();
    const before = await world.progress();
    await sleeper.wake();
    expect(await world.progress()).toEqual(before);
    await expectEqualSides();
    await expectGoodEnd();
  });

  test('and wakes up after a deactivation, is the last', async () => {
    const sleeper = await sleep();
    await world.call('deactivate', world.first);
    world.source.delete(table, idOf(0));
    await sleeper.wake();
    const { here } = await world.sides();
    await world.others();
    expect([(await world.sides()).here, world.queued()]).toEqual([here, 0]);
    await world.call('activate', world.first);
    await expectGoodEnd();
  });

  test('and wakes up after the profile was activated again, with its item on its way, changes nothing', async () => {
    const sleeper = await sleep();
    await world.call('deactivate', world.first);
    world.source.delete(table, idOf(0));
    await world.call('activate', world.first);
    await world.others();
    await expectEqualSides();
    const before = await world.progress();
    await sleeper.wake();
    expect(await world.progress()).toEqual(before);
    await expectEqualSides();
    await expectGoodEnd();
  });

  test('and wakes up after its profile was deleted and another took the table, changes nothing', async () => {
    const sleeper = await sleep();
    await world.call('delete', world.first);
    world.source.delete(table, idOf(0));
    await world.call('activate', world.rival);
    await world.others();
    await expectEqualSides();
    const before = await world.progress();
    await sleeper.wake();
    expect(await world.progress()).toEqual(before);
    expect(await world.states(world.first)).toEqual([]);
    await expectEqualSides();
    await expectGoodEnd(world.rival);
  });
});

test.each(['load', 'delta'])('two workers with the same item at once do its work once: %s', async (phase) => {
  await (phase === 'load' ? activeWorld() : loadedWorld());
  for (let n = 0; n < 3; n += 1) world.source.delete(table, idOf(n));
  for (let n = 4; n < 12; n += 1) world.source.put(table, idOf(n), { name: 'second' });
  const item = only(world.take());
  // In a load, each is let go at the same step of the count.
  const step = phase === 'load' ? 'advance' : 'writePage';
  const workers = await Promise.all([1, 2].map(() => world.asleep(item, step)));
  await Promise.all(workers.map(({ wake }) => wake()));
  expect(world.queued()).toBe(1);
  await expectGoodEnd();
  const state = only(await world.states(world.first));
  // Each write of a row counts: the load's, and in the delta those of the seven of before.
  expect(state.successCount).toBe(phase === 'load' ? 9 : 7 + 8 + 3);
});

test('an item of the activation before is void, and so is one of a turn that was done', async () => {
  await loadedWorld();
  const old = only(world.take());
  await world.call('deactivate', world.first);
  await world.call('activate', world.first);
  const before = await world.states(world.first);
  await world.run(old);
  expect([await world.states(world.first), world.queued()]).toEqual([before, 1]);
  const item = only(world.take());
  await world.run(item);
  const after = await world.states(world.first);
  await world.run(item);
  expect([await world.states(world.first), world.queued()]).toEqual([after, 1]);
});

test('a retry that sleeps with a row that is deleted meanwhile does not put it back', async () => {
  await loadedWorld();
  await world.under.refuseName(table, 'bad');
  world.source.put(table, idOf(0), { name: 'bad' });
  await world.run(only(world.take()));
  expect((await world.rejectedRows()).length + world.queued()).toBeGreaterThan(1);
  world.pass(10);
  const items = world.take();
  const retry = items.find((item) => 'retry' in item);
  if (!retry) throw new Error('A retry is expected.');
  const sleeper = await world.asleep(retry, 'writeRetries');
  await world.under.refuseName(table, undefined);
  world.source.delete(table, idOf(0));
  for (const item of items) if (item !== retry) await world.run(item);
  await sleeper.wake();
  await expectEqualSides();
  expect(await world.rejectedRows()).toEqual([]);
  await world.others();
  await expectEqualSides();
});
