import { expect, test } from 'vitest';
import { profile, replicationWorld, table, type WorldOptions } from './replication-world.ts';

const rowCount = 60;
const idOf = (n: number) => `000000${n.toString(16).padStart(2, '0')}-0000-4000-8000-000000000000`;

/** A world whose load of 20 pages in 10 ranges takes several turns, in the middle of it; `loaded` are the rows of plain pages. */
async function inTheMiddleOfALoad(options: WorldOptions = {}) {
  const world = await replicationWorld({ secondsAPage: 40, ...options });
  world.addColumn('fax');
  for (let n = 0; n < rowCount; n += 1) world.source.put(table, idOf(n), { name: 'first', fax: '1' });
  await world.call('activate');
  const { dataverse } = world.source;
  const { readPage } = dataverse;
  let loaded = 0;
  dataverse.readPage = async (request) => {
    const page = await readPage(request);
    const isPlain = request.kind === 'rows' || request.kind === 'next';
    if (isPlain && request.query.columns.length > 1) loaded += page.rows.length;
    return page;
  };
  const turn = async () => {
    await world.deliver(0);
    world.tick(5);
  };
  const checkpoint = () => world.destination.checkpoint(table);
  const load = async (isEnough: (rowsLoaded: number) => boolean) => {
    for (let turns = 0; turns < 60; turns += 1) {
      const now = await checkpoint();
      if (now?.phase === 'delta' || (now?.phase === 'load' && isEnough(now.rowsLoaded))) return;
      await turn();
    }
  };
  await load((rows) => rows >= 20);
  expect(await checkpoint()).toMatchObject({ phase: 'load' });
  return { world, checkpoint, end: () => load(() => false), loaded: () => loaded };
}

const storedNames = (world: Awaited<ReturnType<typeof replicationWorld>>) =>
  [...world.destination.rows(table).values()].map(({ name }) => name);

test('a load goes on where it was when a column is deleted in Dataverse', async () => {
  const { world, end, loaded, checkpoint } = await inTheMiddleOfALoad();
  world.removeColumn('fax');
  await end();
  expect(await checkpoint()).toMatchObject({ phase: 'delta', rowsLoaded: rowCount });
  expect(loaded()).toBe(rowCount);
  expect(storedNames(world)).toHaveLength(rowCount);
  expect((await world.syncStates.get(profile.id, table))?.incident).toBeUndefined();
});

test('where page links are bound to their columns, only ranges that were begun are read again', async () => {
  const { world, end, loaded, checkpoint } = await inTheMiddleOfALoad({ pageColumns: 'bound' });
  const before = await checkpoint();
  const begunRows = (before?.ranges ?? []).flatMap(({ link, rows = 0 }) => (link ? [rows] : []));
  expect(begunRows.length).toBeGreaterThan(0);
  world.removeColumn('fax');
  await end();
  expect(await checkpoint()).toMatchObject({ phase: 'delta', epoch: before?.epoch, rowsLoaded: rowCount });
  expect(loaded()).toBe(rowCount + begunRows.reduce((sum, rows) => sum + rows, 0));
  expect(storedNames(world)).toHaveLength(rowCount);
});

test('a reload during which the privilege to read the whole table is lost deletes nothing, and goes on when it is back', async () => {
  const { world, end } = await inTheMiddleOfALoad();
  await end();
  await world.settle();
  await world.call('resync', profile, undefined, undefined, { Scope: 'Entity', Entity: table });
  for (let turns = 0; turns < 9; turns += 1) {
    await world.deliver(0);
    world.tick(5);
    const now = await world.destination.checkpoint(table);
    if (now?.phase === 'load' && now.rowsLoaded > 20) break;
  }
  world.source.readsAll(table, false);
  await world.settle();
  expect(await world.destination.checkpoint(table)).toMatchObject({ phase: 'load', needsSweep: true });
  expect((await world.syncStates.get(profile.id, table))?.incident?.code).toBe('DATAVERSE_PRIVILEGE_MISSING');
  expect(storedNames(world)).toHaveLength(rowCount);
  world.source.readsAll(table, true);
  await world.settle();
  expect(await world.destination.checkpoint(table)).toMatchObject({ phase: 'delta' });
  expect(world.destination.deleteLog).toEqual([]);
});
