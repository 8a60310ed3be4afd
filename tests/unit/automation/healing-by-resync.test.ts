import { expect, test } from 'vitest';
import { ServiceError } from '../../../shared/errors.ts';
import { refusedRows, statesOf } from './refused-rows.ts';
import { rowId, smallWorld } from './small-world.ts';

const reason = 'constraint "positive" refused it';
const worldWith = (count: number, options: Parameters<typeof smallWorld>[0] = {}) => {
  const world = smallWorld({ isResyncPreferred: true, ...options });
  refusedRows(world, count);
  world.exportChanges();
  return world;
};

test('while the cause is there nothing is written, asked for or counted, whatever the time', async () => {
  const world = worldWith(250);
  await world.live(20);
  expect([world.touched, world.resynced]).toEqual([[], []]);
  expect(statesOf(world)).toEqual({ waiting: 250 });
  expect(world.failures().every(({ attempts }) => attempts === 0)).toBe(true);
  expect(world.logged()).toHaveLength(250);
});

test('when the cause is gone the next run asks for all rows at once, and nobody writes in Dataverse', async () => {
  const world = worldWith(250);
  await world.live(3);
  world.refused.clear();
  await world.runTimer();
  expect(world.messages().map(({ item }) => item.recordIds.length)).toEqual([100, 100, 50]);
  while (await world.deliver());
  expect(world.resynced).toHaveLength(250);
  world.pass(30);
  while (await world.deliver());
  expect(statesOf(world)).toEqual({ healed: 250 });
  expect(world.touched).toEqual([]);
  expect(world.failures()[0]?.history.map(({ state, note }) => `${state}: ${note}`)).toEqual([
    'waiting: Was read from the failure log.',
    'retouching: Is being written again.',
    'healed: The row arrived in the destination.',
  ]);
});

test('rows whose own cause is gone are asked for, and the others wait', async () => {
  const world = worldWith(8);
  world.refused.delete(rowId(3));
  world.refused.delete(rowId(5));
  await world.live(3);
  expect(statesOf(world)).toEqual({ healed: 2, waiting: 6 });
  expect(world.resynced.toSorted()).toEqual([rowId(3), rowId(5)]);
});

test('every row of a large group is tried in its turn', async () => {
  const world = worldWith(60);
  world.refused.delete(rowId(60));
  await world.live(4);
  expect(statesOf(world)).toEqual({ healed: 1, waiting: 59 });
});

test('rows that fail again after a trial that passed wait like after any vain attempt', async () => {
  const world = worldWith(45);
  await world.runTimer();
  world.pass(60);
  // Each row that is tried passes, and others do not.
  for (let row = 1; row <= 45; row++) world.refused.delete(rowId(row));
  await world.runTimer();
  for (let row = 30; row <= 45; row++) world.refused.set(rowId(row), reason);
  while (await world.deliver());
  world.pass(30);
  await world.runTimer();
  while (await world.deliver());
  const failed = world.failures().filter(({ state }) => state === 'waiting');
  expect(new Set(failed.map(({ recordId }) => recordId)).size).toBe(16);
  expect(failed.some(({ attempts }) => attempts === 1)).toBe(true);
  world.refused.clear();
  await world.live(3);
  expect(statesOf(world)).toEqual({ healed: 45 + 16 });
});

test('rows need attention when they have waited as long as all attempts take, and the alert counts them', async () => {
  const world = worldWith(3);
  await world.live(120);
  expect(statesOf(world)).toEqual({ 'needs-attention': 3 });
  expect(world.events.filter(({ name }) => name === 'automation.row.abandoned')).toMatchObject([
    { data: { rows: 3, cause: 'constraint' } },
  ]);
});

test('rows that nobody tried are not given up, however long they waited and whoever of their group is refused', async () => {
  const world = worldWith(100);
  await world.runTimer();
  const active = world.profiles();
  world.setProfiles(active.map((profile) => ({ ...profile, state: 'inactive' })));
  await world.live(120);
  for (let row = 1; row <= 100; row++) if (row > 8) world.refused.delete(rowId(row));
  world.setProfiles(active);
  await world.live(12);
  expect(statesOf(world)).toEqual({ healed: 92, 'needs-attention': 8 });
  for (const { state, note } of world.failures())
    if (state === 'needs-attention') expect(note).toMatch(/still refuses the row/);
});

test('rows that pass each trial and fail each time wait longer after each attempt', async () => {
  const world = worldWith(3, { retouchMaxDelaySeconds: 21_600, retouchMaxAttempts: 12 });
  const { exporter } = world.ports;
  const passing = {
    ...exporter,
    wouldTake: async (...[, , ids]: [string, string, readonly string[]]) => new Set(ids),
  };
  Object.assign(world.ports, { exporter: passing });
  await world.live(60);
  const [first] = world.failuresOf(1);
  const sentAt = (first?.history ?? []).flatMap(({ state, at }) =>
    state === 'retouching' ? [Date.parse(at)] : [],
  );
  const waits = sentAt.slice(2).map((at, index) => at - (sentAt[index + 1] ?? 0));
  expect(waits.length).toBeGreaterThanOrEqual(3);
  expect(waits.every((wait, index) => index === 0 || wait > 1.4 * (waits[index - 1] ?? 0))).toBe(true);
});

test('a row that was deleted is gone, and a delete that failed is made good', async () => {
  const world = worldWith(2);
  await world.runTimer();
  for (const row of [1, 2]) world.source.delete('account', rowId(row));
  world.destination.set(rowId(2), 1);
  world.logFailure({ recordId: rowId(2), changeType: 'Delete' });
  await world.runTimer();
  world.refused.clear();
  await world.live(5);
  expect(world.failuresOf(1).map(({ state }) => state)).toEqual(['gone']);
  expect(world.failuresOf(2).map(({ state }) => state)).toEqual(['healed', 'healed']);
  expect(world.destination.has(rowId(2))).toBe(false);
});

test('an exporter that cannot be asked costs no attempt, and a dry run asks for nothing', async () => {
  const world = worldWith(2);
  await world.runTimer();
  world.refused.clear();
  world.outages.set('exporter', new ServiceError('EXPORTER_UNREACHABLE', 'Cannot reach the exporter.'));
  world.pass(60);
  await world.runTimer();
  expect(world.resynced).toEqual([]);
  world.outages.clear();
  await world.live(2);
  expect(statesOf(world)).toEqual({ healed: 2 });

  const rehearsed = worldWith(2, { isRetouchDryRun: true });
  rehearsed.refused.clear();
  await rehearsed.live(5);
  expect([rehearsed.resynced, rehearsed.touched]).toEqual([[], []]);
  expect(statesOf(rehearsed)).toEqual({ waiting: 2 });
});

test('rows of a table that another profile fills wait without an attempt until this one fills it', async () => {
  const world = worldWith(2);
  await world.runTimer();
  world.refused.clear();
  world.isFilledByOther.now = true;
  world.pass(60);
  await world.runTimer();
  while (await world.deliver());
  expect(statesOf(world)).toEqual({ waiting: 2 });
  expect(world.failures()).toMatchObject(
    Array(2).fill({ attempts: 0, note: 'The profile does not export the table now.' }),
  );
  world.isFilledByOther.now = false;
  await world.live(5);
  expect(statesOf(world)).toEqual({ healed: 2 });
});
