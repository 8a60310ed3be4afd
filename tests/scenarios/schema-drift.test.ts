import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../shared/errors.ts';
import { attribute, smallTable } from '../fakes/fake-dataverse.ts';
import { profile, replicationWorld, table, type WorldOptions } from './replication-world.ts';

type World = Awaited<ReturnType<typeof replicationWorld>>;

const other = 'contact';
const idOf = (n: number) => `0000000${n.toString(16)}-0000-4000-8000-000000000000`;

/** Two tables with some rows each, in pages of three, that are loaded. */
async function followedTables(options: WorldOptions = {}): Promise<World> {
  const world = await replicationWorld({ others: [other], ...options });
  for (const name of [table, other])
    for (let n = 0; n < 8; n += 1) world.source.put(name, idOf(n), { name: 'first' });
  await world.call('activate');
  await world.settle();
  return world;
}

const namesIn = (world: World, name = table) =>
  Object.fromEntries([...world.destination.rows(name)].map(([id, row]) => [id, row.name]));
const namesOf = (world: World, name = table) =>
  Object.fromEntries([...world.source.rows(name)].map(([id, { values }]) => [id, values.name]));
const expectEqualSides = (world: World, name = table) =>
  expect(namesIn(world, name)).toEqual(namesOf(world, name));
const stateOf = (world: World, name = table) => world.syncStates.get(profile.id, name);
const failureLines = (world: World) =>
  [...(world.failures.containers.get(profile.id)?.values() ?? [])].map(String).join('').split('\n');
const linesOf = (world: World, name: string) =>
  failureLines(world).filter((line) => line.includes(`Entity: ${name}`));

/** The other table goes on while this one stands still. */
async function expectOtherGoesOn(world: World): Promise<void> {
  world.source.put(other, idOf(1), { name: 'second' });
  await world.settle();
  expectEqualSides(world, other);
  expect((await stateOf(world, other))?.incident).toBeUndefined();
}

test('what is published of other tables costs each table one small question, and one that changes is read', async () => {
  const world = await followedTables();
  const asked: string[] = [];
  const { dataverse } = world.source;
  const { metadataChanges, tableDefinition, optionSets } = dataverse;
  dataverse.metadataChanges = async (name, since) => {
    asked.push(`${name}?`);
    return await metadataChanges(name, since);
  };
  dataverse.tableDefinition = async (name) => {
    asked.push(`${name}!`);
    return await tableDefinition(name);
  };
  dataverse.optionSets = async (definition) => {
    asked.push(`${definition.logicalName}!`);
    return await optionSets(definition);
  };
  const turns = async (seconds: number) => {
    asked.length = 0;
    world.tick(seconds);
    for (const name of [table, other]) world.source.put(name, idOf(1), { name: 'second' });
    for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
    return asked.toSorted();
  };
  // The definition was read just now: age is no reason for what follows.
  await turns(1800);
  for (const published of ['lead', 'task']) {
    world.source.define(smallTable(published));
    expect(await turns(310)).toEqual(['account?', 'contact?']);
  }
  world.relabel('Hot');
  expect(await turns(310)).toEqual(['account!', 'account!', 'account?', 'contact?']);
  await world.settle();
  expectEqualSides(world);
});

describe('an entity set that is renamed', () => {
  test('is asked by its new name at once, and nothing is lost or told', async () => {
    const world = await followedTables();
    const epoch = (await world.destination.checkpoint(table))?.epoch;
    world.renameSet('firms');
    world.source.put(table, idOf(1), { name: 'second' });
    world.source.delete(table, idOf(2));
    world.tick(300);
    for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
    expectEqualSides(world);
    expect((await world.destination.checkpoint(table))?.epoch).toBe(epoch);
    expect((await stateOf(world))?.incident).toBeUndefined();
    expect(linesOf(world, table)).toEqual([]);
  });

  test('whose delta link is refused then is loaded again in place', async () => {
    const world = await followedTables({ linksOfOldSet: 'refused' });
    world.renameSet('firms');
    world.source.put(table, idOf(1), { name: 'second' });
    world.source.delete(table, idOf(2));
    await world.settle();
    expectEqualSides(world);
    expect(await world.destination.checkpoint(table)).toMatchObject({ epoch: 2, phase: 'delta' });
    expect(world.destination.deleteLog.map(({ id }) => id)).toEqual([idOf(2)]);
    expect(linesOf(world, table)).toEqual([]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('in the middle of a load (at page %i) does not end it', async (at) => {
    const world = await replicationWorld({ others: [other] });
    for (let n = 0; n < 14; n += 1) world.source.put(table, idOf(n), { name: 'first' });
    const { readPage } = world.source.dataverse;
    let pages = 0;
    world.source.dataverse.readPage = async (request) => {
      if (request.query.table.logicalName === table && ++pages === at) world.renameSet('firms');
      return await readPage(request);
    };
    await world.call('activate');
    await world.settle();
    expectEqualSides(world);
    expect(pages).toBeGreaterThanOrEqual(at);
    expect(linesOf(world, table)).toEqual([]);
  });
});

describe('a table that is removed in Dataverse', () => {
  test('stands still alone: its rows stay, it is told once, and asked every five minutes', async () => {
    const world = await followedTables();
    world.source.remove(table);
    let asked = 0;
    const { tableDefinition } = world.source.dataverse;
    world.source.dataverse.tableDefinition = async (name) => {
      if (name === table) asked += 1;
      return await tableDefinition(name);
    };
    const before = namesIn(world);
    const since = world.now();
    await expectOtherGoesOn(world);
    expect(namesIn(world)).toEqual(before);
    expect(world.destination.deleteLog).toEqual([]);
    expect(asked).toBeLessThan((world.now() - since) / 60_000);
    const state = await stateOf(world);
    expect(state).toMatchObject({
      lastExportStatus: 'Failure',
      incident: { code: 'DATAVERSE_TABLE_MISSING' },
    });
    expect(linesOf(world, table)).toHaveLength(1);
    expect(linesOf(world, table)[0]).toMatch(/Remove the table from the profile, or create it/);
  });

  test('and made again is loaded again, and what is gone with the old one is deleted then', async () => {
    const world = await followedTables();
    world.source.remove(table);
    await world.settle();
    world.source.define(smallTable(table));
    world.source.put(table, idOf(9), { name: 'another' });
    await world.settle();
    expect(namesIn(world)).toEqual({ [idOf(9)]: 'another' });
    expect(world.destination.deleteLog).toHaveLength(8);
    expect((await stateOf(world))?.incident).toBeUndefined();
    expect(await stateOf(world)).toMatchObject({ lastExportStatus: 'Success', phase: 'delta' });
  });

  test('before it was loaded has a status that ends', async () => {
    const world = await replicationWorld({ others: [other] });
    world.source.remove(table);
    await world.call('activate');
    await world.settle();
    expect(await stateOf(world)).toMatchObject({
      ...{ metadataState: 'Failure', initialSyncState: 'CompletedWithFailures' },
      lastExportStatus: 'Failure',
    });
    expect(await stateOf(world, other)).toMatchObject({ initialSyncState: 'Completed' });
  });
});

describe('a table whose change tracking is lost', () => {
  test('stands still alone, and the failure log says how to turn it on again', async () => {
    const world = await followedTables();
    world.source.track(table, false);
    world.source.put(table, idOf(1), { name: 'second' });
    const before = namesIn(world);
    await expectOtherGoesOn(world);
    expect(namesIn(world)).toEqual(before);
    expect(await stateOf(world)).toMatchObject({
      lastExportStatus: 'Failure',
      incident: { code: 'DATAVERSE_TRACKING_OFF' },
    });
    expect(linesOf(world, table)).toHaveLength(1);
    expect(linesOf(world, table)[0]).toMatch(/Turn change tracking on for the table, .*, and publish it\./);
  });

  test('goes on by mark and sweep when it is on again, although its old token would be taken', async () => {
    const world = await followedTables();
    world.source.track(table, false);
    await world.settle();
    world.source.put(table, idOf(1), { name: 'second' });
    world.source.delete(table, idOf(2));
    world.source.track(table, true);
    await world.settle();
    expectEqualSides(world);
    expect(world.destination.deleteLog.map(({ id }) => id)).toEqual([idOf(2)]);
    expect(await world.destination.checkpoint(table)).toMatchObject({ epoch: 2, phase: 'delta' });
    expect((await stateOf(world))?.incident).toBeUndefined();
  });

  test('is loaded again also when the destination was away at first', async () => {
    const world = await followedTables();
    world.source.track(table, false);
    const { restart } = world.destination;
    let refusals = 2;
    world.destination.restart = async (...given) => {
      if (refusals-- > 0) throw new ServiceError('DESTINATION_UNREACHABLE', 'Cannot reach it: it is off.');
      return await restart(...given);
    };
    await world.settle();
    expect(refusals).toBeLessThan(0);
    world.source.delete(table, idOf(2));
    world.source.track(table, true);
    await world.settle();
    expectEqualSides(world);
  });
});

describe('a column whose MaxLength is raised', () => {
  const longName = 'x'.repeat(150);
  const raise = (world: World) => {
    const definition = world.source.definition(table);
    const attributes = definition.attributes.map((each) =>
      each.logicalName === 'name' ? { ...each, maxLength: 200 } : each,
    );
    world.source.define({ ...definition, attributes });
  };

  test('is widened before the row that needs it is written', async () => {
    const world = await followedTables();
    raise(world);
    world.source.put(table, idOf(1), { name: longName });
    const rejected: unknown[] = [];
    const { writePage } = world.destination;
    world.destination.writePage = async (write) => {
      const result = await writePage(write);
      rejected.push(...result.rejected);
      return result;
    };
    await world.settle();
    expect([namesIn(world)[idOf(1)], rejected]).toEqual([longName, []]);
  });

  test.each([0, 1])(
    'is widened for a row that arrives first, with %i retries, and nothing is told',
    async (maxRetryCount) => {
      const world = await followedTables();
      await world.change({ retryPolicy: { maxRetryCount, intervalSeconds: 5 } });
      const turns = async (seconds: number) => {
        world.tick(seconds);
        for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
      };
      // Read just now, so that the definition is not read again because it has become old.
      await turns(700);
      world.source.tellStaleVersion(true);
      raise(world);
      world.source.put(table, idOf(1), { name: longName });
      await turns(300);
      expect(world.destination.rejectedRows()).toHaveLength(1);
      await turns(10);
      expect(namesIn(world)[idOf(1)]).toBe(longName);
      expect(linesOf(world, table)).toEqual([]);
      expect(await stateOf(world)).toMatchObject({ failureCount: 0 });
    },
  );
});

test('a column that gets a type which its values do not fit stops its table alone, and is told by name', async () => {
  const world = await followedTables();
  const definition = world.source.definition(table);
  const retyped = (type: string) => ({
    ...definition,
    attributes: definition.attributes.map((each) =>
      each.logicalName === 'importsequencenumber' ? attribute('importsequencenumber', type) : each,
    ),
  });
  world.source.define(retyped('DateTime'));
  world.source.put(table, idOf(1), { name: 'second' });
  const before = namesIn(world);
  await expectOtherGoesOn(world);
  expect(namesIn(world)).toEqual(before);
  expect(await stateOf(world)).toMatchObject({ incident: { code: 'DESTINATION_TABLE_CONFLICT' } });
  expect(linesOf(world, table)).toHaveLength(1);
  expect(linesOf(world, table)[0]).toContain('importsequencenumber');
  world.source.define(retyped('Integer'));
  await world.settle();
  expectEqualSides(world);
});
