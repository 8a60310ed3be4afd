import { describe, expect, test } from 'vitest';
import { retouchRows } from '../../../shared/automation/retouch-rows.ts';
import { eventsOf, planProbe, refusedRows, statesOf } from './refused-rows.ts';
import { organization, rowId, smallWorld } from './small-world.ts';

const day = 86_400;

describe('the first row that is re-touched in an organization', () => {
  test('shows that its version moves, before others are written, and that is kept', async () => {
    const world = smallWorld();
    await planProbe(world, 30);
    await world.deliver();
    expect(world.touched).toHaveLength(1);
    expect((await world.touchFacts.of(organization.id)).selfTest).toEqual({
      movesVersion: true,
      table: 'account',
      testedAt: world.now().toISOString(),
    });
    await world.live(5);
    expect(statesOf(world)).toEqual({ healed: 30 });
    expect(world.touched).toHaveLength(30);
    expect(eventsOf(world, 'automation.touch.tested')).toEqual([
      { organizationId: organization.id, table: 'account', outcome: 'moves' },
    ]);
  });

  test('is the last one when its version stays, and all rows say what to do instead', async () => {
    const world = smallWorld();
    world.source.standStill(true);
    await planProbe(world, 30);
    await world.live(3);
    expect(world.touched).toEqual([rowId(1)]);
    expect(statesOf(world)).toEqual({ 'needs-attention': 30 });
    for (const { note } of world.failures()) expect(note).toMatch(/does not move.*change the row, or let/);
    expect(eventsOf(world, 'automation.touch.tested')).toMatchObject([{ outcome: 'moves-nothing' }]);
    expect(world.lines.filter((line) => line.startsWith('error '))).toHaveLength(1);

    world.logFailure({ recordId: rowId(2) });
    await world.live(5);
    expect(world.touched).toHaveLength(1);
    expect(statesOf(world)).toEqual({ 'needs-attention': 31 });
  });

  test('is tested again when the result is a week old', async () => {
    const world = smallWorld();
    world.source.standStill(true);
    await planProbe(world, 1);
    await world.live(3);
    world.source.standStill(false);
    world.pass(7 * day);
    world.logFailure({ recordId: rowId(1) });
    await world.live(5);
    expect(world.touched).toHaveLength(2);
    expect(
      world
        .failuresOf(1)
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['healed', 'needs-attention']);
  });

  test('shows nothing when somebody else changed it', async () => {
    const world = smallWorld();
    await planProbe(world, 1);
    const { dataverse } = world.source;
    const racing = {
      ...dataverse,
      writeRow: async () => ({ kind: 'changed' }) as const,
    };
    const [message] = world.messages();
    if (message?.queue !== 'retouch') throw new Error('No probe was sent.');
    await retouchRows(message.item, { ...world.ports, organizations: { dataverse: async () => racing } });
    expect((await world.touchFacts.of(organization.id)).selfTest).toBeUndefined();
    expect(eventsOf(world, 'automation.touch.tested')).toEqual([]);
  });

  test('is believed only when the row itself has the version that the answer told', async () => {
    const world = smallWorld();
    await planProbe(world, 3);
    const { dataverse } = world.source;
    const lying = {
      ...dataverse,
      writeRow: async () => ({ kind: 'written', version: '999999' }) as const,
    };
    const [message] = world.messages();
    if (message?.queue !== 'retouch') throw new Error('No probe was sent.');
    await retouchRows(message.item, { ...world.ports, organizations: { dataverse: async () => lying } });
    expect(statesOf(world)).toEqual({ 'needs-attention': 1, waiting: 2 });
    await world.runTimer();
    expect(statesOf(world)).toEqual({ 'needs-attention': 3 });
  });
});

test('every row written later is a test, too: versions that stand still stop the rest', async () => {
  const world = smallWorld();
  await planProbe(world, 50);
  await world.deliver();
  world.exportChanges();
  world.pass(30);
  await world.deliver();
  expect(statesOf(world)).toEqual({ healed: 1, retouching: 49 });
  world.source.standStill(true);
  await world.deliver();
  expect(world.touched).toHaveLength(2);
  expect(statesOf(world)).toEqual({ healed: 1, 'needs-attention': 49 });
});

test('a written row that does not arrive, though the exporter answers, makes the next one a self-test again', async () => {
  const world = smallWorld();
  refusedRows(world, 1);
  world.exportChanges();
  world.exportChanges = () => {};
  await world.live(4);
  expect((await world.touchFacts.of(organization.id)).selfTest).toBeDefined();
  await world.live(4);
  expect(world.failures()).toMatchObject([{ state: 'waiting', attempts: 1 }]);
  expect((await world.touchFacts.of(organization.id)).selfTest).toBeUndefined();
  await world.live(4);
  expect(eventsOf(world, 'automation.touch.tested')).toMatchObject([
    { outcome: 'moves' },
    { outcome: 'moves' },
  ]);
});
