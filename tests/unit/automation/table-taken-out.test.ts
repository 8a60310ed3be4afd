import { describe, expect, test } from 'vitest';
import { releaseRows } from '../../../shared/automation/plan-retouches.ts';
import { profileId, rowId, smallWorld } from './small-world.ts';

type World = ReturnType<typeof smallWorld>;

const states = (world: World) =>
  world
    .failures()
    .map(({ state }) => state)
    .sort();

/** Two rows that were refused. */
function failedTable(): World {
  const world = smallWorld({ retouchMaxAttempts: 2 });
  for (const row of [1, 2]) {
    world.source.put('account', rowId(row), { name: `row ${row}` });
    world.refused.set(rowId(row), 'constraint "positive" refused it');
  }
  world.exportChanges();
  return world;
}

async function comesBack(world: World): Promise<void> {
  world.exportTable(true);
  world.refused.clear();
  await world.live(60);
}

describe('failures of a table that the profile does not name any more', () => {
  test('are written again by nobody, and never given up', async () => {
    const world = failedTable();
    world.logFailure({ reason: 'There is already an object named "account".' });
    world.exportTable(false);
    await world.live(600);
    expect(states(world)).toEqual(['waiting', 'waiting', 'waiting']);
    expect([world.touched, world.lines]).toEqual([[], []]);
  });

  test('are taken up again when it comes back', async () => {
    const world = failedTable();
    await world.runTimer();
    world.exportTable(false);
    await world.live(600);
    expect(states(world)).toEqual(['waiting', 'waiting']);
    await comesBack(world);
    expect(states(world)).toEqual(['healed', 'healed']);
  });

  test('that are about to be written are not', async () => {
    const world = failedTable();
    await world.runTimer();
    world.pass(61);
    await world.runTimer();
    world.exportTable(false);
    while (await world.deliver());
    expect([world.touched, world.messages(), states(world)]).toEqual([[], [], ['waiting', 'waiting']]);
    await comesBack(world);
    expect(states(world)).toEqual(['healed', 'healed']);
  });

  test('that are in flight wait again, without a word to anybody and as if not tried, until it comes back', async () => {
    const world = failedTable();
    await world.runTimer();
    world.pass(61);
    await world.runTimer();
    await world.deliver();
    expect([world.touched.length, world.messages().length]).toEqual([1, 1]);
    world.exportTable(false);
    await world.live(600);
    expect(states(world)).toEqual(['waiting', 'waiting']);
    expect(world.failures().map(({ attempts }) => attempts)).toEqual([0, 0]);
    expect([world.messages(), world.lines]).toEqual([[], []]);
    await comesBack(world);
    expect(states(world)).toEqual(['healed', 'healed']);
  });

  test('do not move when a row of another table is healed', async () => {
    const world = failedTable();
    await world.runTimer();
    world.logFailure({ entity: 'contact', recordId: rowId(3) });
    world.exportTable(false);
    await world.runTimer();

    world.pass(86_400);
    const proof = {
      table: 'contact',
      cause: 'constraint',
      pattern: undefined,
      attempts: 1,
      healedAt: world.now().toISOString(),
    } as const;
    await releaseRows(profileId, proof, world.ports);
    const ofTable = world.failures().filter(({ entity }) => entity === 'account');
    expect(ofTable.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });
});
