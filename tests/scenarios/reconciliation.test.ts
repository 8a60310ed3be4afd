import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServiceError } from '../../shared/errors.ts';
import { profile, replicationWorld, table } from './replication-world.ts';

type World = Awaited<ReturnType<typeof replicationWorld>>;
type Stored = Record<string, string | null>;

const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;

/** What somebody does to the reporting table behind the app's back; whether there was anything to do it to. */
const tampering = {
  delete: (rows: Map<string, Stored>, id: string) => rows.delete(id),
  age(rows: Map<string, Stored>, id: string) {
    const row = rows.get(id);
    if (row) Object.assign(row, { name: 'tampered', versionnumber: '7' });
    return row !== undefined;
  },
  add(rows: Map<string, Stored>, id: string) {
    if (rows.has(id)) return false;
    rows.set(id, { Id: id, SinkCreatedOn: null, SinkModifiedOn: null, name: 'made up', versionnumber: '7' });
    return true;
  },
};
const tamper = (world: World, how: keyof typeof tampering, id: string) =>
  tampering[how](world.destination.rows(table) as Map<string, Stored>, id);

const copies = (world: World) => ({
  source: [...world.source.rows(table)].map(([id, { values, version }]) => [
    id,
    values.name,
    String(version),
  ]),
  destination: [...world.destination.rows(table)].map(([id, row]) => [id, row.name, row.versionnumber]),
});
function expectEqual(world: World) {
  const { source, destination } = copies(world);
  expect(destination.sort()).toEqual(source.sort());
}
const comparison = async (world: World) => (await world.syncStates.get(profile.id, table))?.comparison;

async function loadedWorld(rows: number): Promise<World> {
  const world = await replicationWorld();
  for (let n = 0; n < rows; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  await world.deliver(0);
  return world;
}

/** A run of the timer, and the table's next turns. */
async function compare(world: World, seconds = 700): Promise<void> {
  world.tick(seconds);
  await world.reconcile();
  for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
}

test('what was deleted, changed or added behind its back is named after ten minutes, and is as in Dataverse again', async () => {
  const world = await loadedWorld(5);
  tamper(world, 'delete', idOf(1));
  tamper(world, 'age', idOf(2));
  tamper(world, 'add', idOf(9));
  await compare(world);
  expect((await comparison(world))?.drift).toBeUndefined();
  await compare(world, 300);
  expect((await comparison(world))?.drift).toBeUndefined();
  await compare(world);
  expect((await comparison(world))?.drift).toMatchObject({
    ...{ rows: 2, newerRows: 0 },
    ids: [idOf(1), idOf(2)],
  });
  // One row of the destination a run, in the order of its ids; then another is found, too.
  for (let run = 0; run < 12; run += 1) await compare(world);
  expectEqual(world);
  expect(world.driftTold()).toBe(3);
  expect(world.destination.deleteLog).toEqual([{ table, id: idOf(9), version: '7' }]);
  expect((await comparison(world))?.drift).toBeUndefined();
});

test('rows that are newer than in Dataverse are named for as long as they are, and are not overwritten', async () => {
  const world = await loadedWorld(4);
  const rows = world.destination.rows(table) as Map<string, Stored>;
  Object.assign(rows.get(idOf(2)) ?? {}, { name: 'from before the restore', versionnumber: '9999999' });
  for (let run = 0; run < 4; run += 1) await compare(world);
  expect((await comparison(world))?.drift).toMatchObject({ rows: 1, ids: [idOf(2)], newerRows: 1 });
  expect(rows.get(idOf(2))?.name).toBe('from before the restore');
  await world.call('resync', profile, undefined, undefined, { Scope: 'Entity', Entity: table });
  for (let run = 0; run < 4; run += 1) await compare(world);
  expectEqual(world);
  expect((await comparison(world))?.drift).toBeUndefined();
});

test('a change that can be read and is not told yet is no drift, however often it is compared', async () => {
  const world = await loadedWorld(4);
  for (let run = 0; run < 6; run += 1) {
    world.source.holdChangesBack(true);
    world.source.put(table, idOf(run % 4), { name: `change ${run}` });
    world.source.delete(table, idOf(3));
    await compare(world, 4000);
    world.source.holdChangesBack(false);
    await world.deliver(0);
  }
  expect(world.driftTold()).toBe(0);
  await world.settle();
  expectEqual(world);
});

test.each(['rows', 'delta'] as const)(
  'rows that change while they are compared, once %s were read, are not even in doubt',
  async (moment) => {
    const world = await loadedWorld(5);
    const { readPage } = world.source.dataverse;
    let hasChanged = false;
    world.source.dataverse.readPage = async (request) => {
      const page = await readPage(request);
      if (request.kind === moment && !hasChanged) {
        hasChanged = true;
        world.source.put(table, idOf(1), { name: 'second' });
        world.source.delete(table, idOf(2));
        world.source.put(table, idOf(7), { name: 'new' });
      }
      return page;
    };
    await compare(world);
    expect(hasChanged).toBe(true);
    expect(await comparison(world)).toMatchObject({ isDue: false, doubts: [] });
  },
);

test('a row that was refused, waiting for its retry or given up, is no drift', async () => {
  const world = await loadedWorld(4);
  world.refuseBadRows(true);
  world.source.put(table, idOf(1), { name: 'bad' });
  for (let run = 0; run < 8; run += 1) await compare(world);
  expect(world.givenUp()).toEqual(new Set([idOf(1)]));
  expect(world.driftTold()).toBe(0);
});

test('of a table that somebody emptied more rows differ than are noted; all are back', async () => {
  const world = await replicationWorld({ pageSize: 5000 });
  const ids = Array.from(
    { length: 700 },
    (_, n) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`,
  );
  for (const id of ids) world.source.put(table, id, { name: 'first' });
  await world.call('activate');
  await world.deliver(0);
  (world.destination.rows(table) as Map<string, Stored>).clear();
  await compare(world);
  expect(await comparison(world)).toMatchObject({ hasMore: true, doubts: { length: 200 } });
  await compare(world);
  expect((await comparison(world))?.drift).toMatchObject({ rows: 700, ids: { length: 10 } });
  await compare(world);
  expectEqual(world);
  expect((await comparison(world))?.drift).toBeUndefined();
});

test('a comparison that fails is put off, and the table goes on', async () => {
  const world = await loadedWorld(4);
  world.destination.idsAfter = () =>
    Promise.reject(new ServiceError('DESTINATION_BUSY', 'Cannot read ids: it took too long.'));
  world.source.put(table, idOf(1), { name: 'second' });
  await compare(world);
  expectEqual(world);
  expect(await comparison(world)).toMatchObject({ isDue: false, doubts: [] });
});

const id = fc.integer({ min: 0, max: 11 }).map(idOf);
const happening = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id, name: fc.constantFrom('a', 'b', 'bad') }),
  fc.record({ kind: fc.constant('delete' as const), id }),
  fc.record({ kind: fc.constantFrom('tamper' as const), id, how: fc.constantFrom('delete', 'age', 'add') }),
  fc.record({ kind: fc.constant('holdBack' as const), isOn: fc.boolean() }),
  fc.record({ kind: fc.constant('compare' as const), seconds: fc.constantFrom(1, 60, 700, 4000) }),
  fc.record({ kind: fc.constant('deliver' as const), index: fc.nat(3) }),
  fc.record({ kind: fc.constant('expireTokens' as const) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

async function happen(world: World, what: Happening): Promise<boolean> {
  switch (what.kind) {
    case 'put':
      world.source.put(table, what.id, { name: what.name });
      return false;
    case 'delete':
      world.source.delete(table, what.id);
      return false;
    case 'tamper':
      return tamper(world, what.how as keyof typeof tampering, what.id);
    case 'holdBack':
      world.source.holdChangesBack(what.isOn);
      return false;
    case 'compare':
      await compare(world, what.seconds);
      return false;
    case 'deliver':
      await world.deliver(what.index);
      return false;
    case 'expireTokens':
      world.source.expireTokens();
      return false;
  }
}

test('whatever is tampered with while changes go on, the destination is the source at last, and nothing else is named', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 3, maxLength: 40 }),
      fc.nat(9),
      fc.boolean(),
      async (history, rowsAtFirst, isRefusing) => {
        const world = await loadedWorld(rowsAtFirst);
        world.refuseBadRows(isRefusing);
        let tampered = 0;
        let heldSeconds = 0;
        for (const what of history) {
          // No transaction is open for as long as what differs is in doubt.
          heldSeconds = what.kind === 'compare' ? heldSeconds + what.seconds : heldSeconds;
          if (what.kind === 'holdBack' || heldSeconds >= 500) {
            world.source.holdChangesBack(false);
            heldSeconds = 0;
          }
          if (await happen(world, what)) tampered += 1;
        }
        world.refuseBadRows(false);
        world.source.holdChangesBack(false);
        await world.settle();
        await world.call('resync', profile, undefined, undefined, {});
        for (let run = 0; run < 60; run += 1) await compare(world, 4000);
        expectEqual(world);
        expect(world.driftTold()).toBeLessThanOrEqual(tampered);
        expect((await comparison(world))?.drift).toBeUndefined();
      },
    ),
    { numRuns: 150 },
  );
});
