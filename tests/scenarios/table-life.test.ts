import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../shared/errors.ts';
import { profile, replicationWorld, rival, table } from './replication-world.ts';

type World = Awaited<ReturnType<typeof replicationWorld>>;

const idOf = (n: number) => `000000${n.toString(16).padStart(2, '0')}-0000-4000-8000-000000000000`;

/** A world with these rows, in pages of three, whose profile was activated. */
async function activeWorld(rows: number): Promise<World> {
  const world = await replicationWorld();
  for (let n = 0; n < rows; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  return world;
}

/** Does something while a page is being written, once; tells how many pages were written after it. */
function duringPage(world: World, act: () => Promise<void>): { pagesAfter: number } {
  const seen = { pagesAfter: 0 };
  const { writePage } = world.destination;
  let page = 0;
  world.destination.writePage = async (write) => {
    page += 1;
    if (page === 2) await act();
    if (page > 2) seen.pagesAfter += 1;
    return writePage(write);
  };
  return seen;
}

const state = (world: World) => world.syncStates.get(profile.id, table);
const refuseAll = (world: World) =>
  world.destination.refuseRows(() => ({ code: 'ROW_CONSTRAINT_VIOLATED', wrong: 'a constraint refused it' }));

const endings = {
  deactivated: (world: World) => world.call('deactivate'),
  deleted: (world: World) => world.call('delete'),
  'without the table': (world: World) => world.change({ tables: [] }),
};

describe.each(Object.entries(endings))('a profile that is %s', (_, end) => {
  test('in the middle of a page writes no other page', async () => {
    const world = await activeWorld(30);
    const seen = duringPage(world, () => end(world));
    await world.deliver(0);
    expect(seen.pagesAfter).toBe(0);
    expect(world.destination.rows(table).size).toBe(6);
    await world.settle();
    expect([world.destination.rows(table).size, world.messageCount()]).toEqual([6, 0]);
  });

  test('tries rejected rows no more', async () => {
    const world = await activeWorld(2);
    refuseAll(world);
    await world.deliver(0);
    expect(world.destination.rejectedRows()).toHaveLength(2);
    await end(world);
    await world.settle();
    expect(world.destination.rejectedRows().map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(world.failures.containers.get(profile.id)).toBeUndefined();
  });

  test('in the middle of the retries begins no other batch', async () => {
    const world = await activeWorld(2);
    await world.change({ retryPolicy: { maxRetryCount: 20, intervalSeconds: 0 } });
    refuseAll(world);
    await world.deliver(0);
    const { writeRetries } = world.destination;
    let batches = 0;
    world.destination.writeRetries = async (retry) => {
      batches += 1;
      if (batches === 3) await end(world);
      return writeRetries(retry);
    };
    await world.settle();
    expect(batches).toBe(3);
  });

  test('is not started again by the watchdog', async () => {
    const world = await activeWorld(2);
    await end(world);
    world.tick(100_000);
    const before = world.messageCount();
    await world.watchdog();
    expect(world.messageCount()).toBe(before);
  });
});

test('activations at the same moment start a table once', async () => {
  const world = await replicationWorld();
  await world.call('deactivate');
  await Promise.all((['activate', 'activate', 'activate'] as const).map((name) => world.call(name)));
  expect(world.messageCount()).toBe(1);
  expect(await state(world)).toMatchObject({ activation: 2, turn: 1 });
});

test('the watchdog asks once for all tables of a profile, and again only for one that is overdue', async () => {
  const world = await activeWorld(2);
  const asked: string[] = [];
  const { list, update } = world.syncStates;
  world.syncStates.list = async (...given) => {
    asked.push('list');
    return list(...given);
  };
  world.syncStates.update = async (...given) => {
    asked.push('update');
    return update(...given);
  };
  await world.watchdog();
  expect(asked.splice(0)).toEqual(['list']);
  world.tick(700);
  await world.watchdog();
  expect(asked).toEqual(['list', 'update']);
});

test('a profile that is deleted while the watchdog is at work leaves nothing behind', async () => {
  const world = await replicationWorld();
  const { update } = world.syncStates;
  world.syncStates.update = async (...given) => {
    world.syncStates.update = update;
    await world.call('delete');
    return update(...given);
  };
  await world.watchdog();
  expect([await world.syncStates.list(profile.id), world.messageCount()]).toEqual([[], 0]);
});

test('a deleted profile leaves no state behind, whatever turn was on its way', async () => {
  const world = await activeWorld(30);
  duringPage(world, () => world.call('delete'));
  await world.deliver(0);
  expect(await world.syncStates.list(profile.id)).toEqual([]);
});

test('of a profile that is activated again in the middle of a page the old turn ends and the new one loads', async () => {
  const world = await activeWorld(30);
  const seen = duringPage(world, async () => {
    await world.call('deactivate');
    await world.call('activate');
  });
  await world.deliver(0);
  expect(seen.pagesAfter).toBe(0);
  await world.settle();
  expect(world.destination.rows(table).size).toBe(30);
  expect(world.messageCount()).toBe(1);
});

test('a table that was taken out and comes back goes on from its checkpoint, and its old turn is void', async () => {
  const world = await activeWorld(30);
  await world.settle();
  const before = await world.destination.checkpoint(table);
  await world.change({ tables: [] });
  await world.change({ tables: profile.tables });
  world.source.put(table, idOf(1), { name: 'second' });
  await world.settle();
  expect(world.destination.rows(table).get(idOf(1))?.name).toBe('first');
  await world.call('activate');
  await world.settle();
  expect(world.destination.rows(table).get(idOf(1))?.name).toBe('second');
  expect(await world.destination.checkpoint(table)).toMatchObject({
    epoch: (before?.epoch ?? 0) + 1,
    successCount: 31,
  });
  expect(world.messageCount()).toBe(1);
});

test('a table that is added waits for an activation: neither the watchdog nor anybody else starts it', async () => {
  const world = await activeWorld(1);
  await world.change({ tables: [...profile.tables, { name: 'contact', settings: {} }] });
  await world.settle();
  expect(await world.syncStates.get(profile.id, 'contact')).toBeUndefined();
});

describe('an activation of the tables only', () => {
  async function tablesOnly() {
    const world = await activeWorld(5);
    await world.call('deactivate');
    await world.call('activateMetadata');
    const made: string[] = [];
    const { ensureTable } = world.destination;
    world.destination.ensureTable = async (shape) => {
      made.push(shape.columns.map(({ name }) => name).join());
      return ensureTable(shape);
    };
    await world.settle();
    return { world, made };
  }

  test('makes the table, reads no row, and stays at work', async () => {
    const { world, made } = await tablesOnly();
    expect(made.length).toBeGreaterThan(0);
    expect(world.destination.rows(table).size).toBe(0);
    expect(await state(world)).toMatchObject({ metadataState: 'Created', initialSyncState: 'NotStarted' });
    expect(world.messageCount()).toBe(1);
  });

  test('follows the columns of the table', async () => {
    const { world, made } = await tablesOnly();
    world.addColumn('fax');
    world.tick(300);
    await world.deliver(0);
    expect(made.at(-1)?.split(',')).toContain('fax');
  });

  test('is followed by one of all, which loads and never says that the table is not there', async () => {
    const { world } = await tablesOnly();
    await world.call('activate');
    expect(await state(world)).toMatchObject({ metadataState: 'Created', initialSyncState: 'NotStarted' });
    await world.settle();
    expect(world.destination.rows(table).size).toBe(5);
    expect(await state(world)).toMatchObject({ initialSyncState: 'Completed' });
    expect(world.messageCount()).toBe(1);
  });

  test('waits out faults as any other', async () => {
    const world = await activeWorld(5);
    await world.call('deactivate');
    await world.call('activateMetadata');
    world.destination.failWith(new ServiceError('DESTINATION_LOGIN_FAILED', 'Cannot connect: refused.'));
    await world.settle();
    expect(await state(world)).toMatchObject({
      metadataState: 'Failure',
      incident: { code: 'DESTINATION_LOGIN_FAILED', isTold: true },
    });
    world.destination.failWith(undefined);
    await world.settle();
    expect((await state(world))?.incident).toBeUndefined();
    expect(await state(world)).toMatchObject({ metadataState: 'Created' });
  });
});

describe('rows that were rejected before a change of the retry policy', () => {
  async function withRejectedRow() {
    const world = await activeWorld(1);
    refuseAll(world);
    await world.deliver(0);
    return world;
  }

  test('are tried as often as the new one allows', async () => {
    const world = await withRejectedRow();
    await world.change({ retryPolicy: { maxRetryCount: 4, intervalSeconds: 5 } });
    const tried: number[] = [];
    const { writeRetries } = world.destination;
    world.destination.writeRetries = async (retry) => {
      tried.push(...retry.tried.map(({ attempts }) => attempts));
      return writeRetries(retry);
    };
    await world.settle();
    expect(tried).toEqual([1, 2, 3, 4]);
    expect(world.destination.rejectedRows()).toEqual([]);
  });

  test('are given up at once where it allows none', async () => {
    const world = await withRejectedRow();
    await world.change({ retryPolicy: { maxRetryCount: 0, intervalSeconds: 5 } });
    const { writeRetries } = world.destination;
    let tries = 0;
    world.destination.writeRetries = async (retry) => {
      tries += 1;
      return writeRetries(retry);
    };
    await world.settle();
    expect([tries, world.destination.rejectedRows()]).toEqual([0, []]);
    expect(await state(world)).toMatchObject({ failureCount: 1 });
  });

  test('wait as long as it says', async () => {
    const world = await withRejectedRow();
    await world.change({ retryPolicy: { maxRetryCount: 4, intervalSeconds: 3600 } });
    const firstDue = Date.parse(world.destination.rejectedRows()[0]?.nextAttemptAt ?? '');
    world.tick(5);
    for (let left = world.messageCount(); left > 0; left -= 1) await world.deliver(0);
    const [row] = world.destination.rejectedRows();
    expect(row?.attempts).toBe(2);
    expect(Date.parse(row?.nextAttemptAt ?? '') - firstDue).toBe(3_600_000);
  });
});

test('a delete log that is turned on while the profile is active is kept from the next turn on', async () => {
  const world = await activeWorld(5);
  // Soon enough that what is kept in memory of the table has not become old.
  const nextTurn = async () => {
    world.tick(60);
    await world.deliver(0);
  };
  await world.change({ writeDeleteLog: false });
  await nextTurn();
  world.source.delete(table, idOf(1));
  await nextTurn();
  expect([world.destination.rows(table).size, world.destination.deleteLog]).toEqual([4, []]);
  await world.change({ writeDeleteLog: true });
  world.source.delete(table, idOf(2));
  await nextTurn();
  expect(world.destination.deleteLog).toHaveLength(1);
});

describe('a table that goes from one profile to another', () => {
  /** The first profile lets go of it, and the other one takes it. */
  async function handOver(world: World): Promise<void> {
    await world.change({ tables: [] });
    await world.call('activate', rival);
    await world.destination.claim(table, { profileId: rival.id, activation: 1, replaces: profile.id });
  }

  test('in the middle of a page is filled by the new one, and the old turn neither writes nor complains', async () => {
    const world = await activeWorld(30);
    duringPage(world, () => handOver(world));
    await world.deliver(0);
    await world.settle();
    expect(world.destination.rows(table).size).toBe(30);
    expect(await world.destination.checkpoint(table)).toMatchObject({ profileId: rival.id, phase: 'delta' });
    expect(await world.syncStates.get(rival.id, table)).toMatchObject({ initialSyncState: 'Completed' });
    expect((await state(world))?.incident).toBeUndefined();
    expect([...world.failures.containers.keys()]).toEqual([]);
    expect(world.messageCount()).toBe(1);
  });

  test('before the old turn has claimed it leaves that turn nothing to complain of', async () => {
    const world = await activeWorld(30);
    const { ensureTable } = world.destination;
    world.destination.ensureTable = async (shape) => {
      world.destination.ensureTable = ensureTable;
      await handOver(world);
      return ensureTable(shape);
    };
    await world.deliver(0);
    await world.settle();
    expect(world.destination.rows(table).size).toBe(30);
    expect((await state(world))?.incident).toBeUndefined();
    expect([...world.failures.containers.keys()]).toEqual([]);
  });

  test('in the middle of a retry is not written by the old one', async () => {
    const world = await activeWorld(2);
    refuseAll(world);
    await world.deliver(0);
    const { checkpoint, writeRetries } = world.destination;
    let tries = 0;
    world.destination.writeRetries = async (retry) => {
      tries += 1;
      return writeRetries(retry);
    };
    world.destination.checkpoint = async (name) => {
      world.destination.checkpoint = checkpoint;
      await handOver(world);
      return checkpoint(name);
    };
    world.tick(5);
    await world.deliver(0);
    expect(tries).toBe(0);
  });

  test('takes no rejected row along: what the new one cannot write it finds out itself', async () => {
    const world = await activeWorld(2);
    refuseAll(world);
    await world.deliver(0);
    expect(world.destination.rejectedRows()).toHaveLength(2);
    world.destination.refuseRows(() => undefined);
    await handOver(world);
    expect(world.destination.rejectedRows()).toEqual([]);
    await world.settle();
    expect(world.destination.rows(table).size).toBe(2);
    expect([...world.failures.containers.keys()]).toEqual([]);
  });
});

test('of rows that are asked for by id the failures fall at once, and rise again with those that fail again', async () => {
  const world = await activeWorld(3);
  refuseAll(world);
  await world.settle();
  const ids = [...world.source.rows(table).keys()];
  expect(await state(world)).toMatchObject({
    failureCount: 3,
    initialSyncState: 'CompletedWithFailures',
  });
  const records = { Scope: 'Records', Entity: table, RecordIds: ids.slice(1) };
  await world.call('resync', undefined, undefined, undefined, records);
  expect(await state(world)).toMatchObject({ failureCount: 1 });
  await world.settle();
  expect(await state(world)).toMatchObject({ failureCount: 3 });

  await world.call('resync', undefined, undefined, undefined, { ...records, RecordIds: ids });
  expect(await state(world)).toMatchObject({ failureCount: 0, initialSyncState: 'Completed' });
  await world.settle();
  expect(await state(world)).toMatchObject({
    failureCount: 3,
    initialSyncState: 'CompletedWithFailures',
  });
});
