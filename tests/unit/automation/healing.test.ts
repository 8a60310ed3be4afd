import { describe, expect, test } from 'vitest';
import { retouchRows } from '../../../shared/automation/retouch-rows.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { eventsOf, planProbe, refusedRows, statesOf, type World } from './refused-rows.ts';
import { organization, profileId, rowId, smallWorld } from './small-world.ts';

/** Refused rows whose cause is gone, as a healed probe has just released them: the ids of one message. */
async function releasedRows(world: World, count: number): Promise<readonly string[]> {
  await planProbe(world, count + 1);
  await world.deliver();
  world.exportChanges();
  world.pass(30);
  await world.deliver();
  expect(statesOf(world)).toEqual({ healed: 1, retouching: count });
  return world.messages().flatMap(({ item }) => item.recordIds);
}

describe('rows that were refused', () => {
  test('are healed by writing their own values again, once the cause is gone', async () => {
    const world = smallWorld();
    refusedRows(world, 3);
    world.exportChanges();
    const before = [...world.source.rows('account').values()].map(({ values }) => values);
    world.refused.clear();
    await world.live(10);
    expect(statesOf(world)).toEqual({ healed: 3 });
    for (const { id, version } of world.source.rows('account').values())
      expect(world.destination.get(id)).toBe(version);
    expect([...world.source.rows('account').values()].map(({ values }) => values)).toEqual(before);
    expect(world.touched).toHaveLength(3);
    for (const { history, changedAt } of world.failures()) {
      expect(history.map(({ state }) => state)).toEqual(['waiting', 'retouching', 'healed']);
      expect(history.at(-1)).toMatchObject({ at: changedAt, note: 'The row arrived in the destination.' });
    }
    const healed = eventsOf(world, 'automation.row.healed');
    expect(healed.reduce((rows, event) => rows + Number(event.rows), 0)).toBe(3);
    expect(healed[0]).toMatchObject({ profileId, table: 'account', cause: 'constraint', seconds: 30 });
  });

  test('wait while the cause is there: one probe at a time is written again', async () => {
    const world = smallWorld({ retouchMaxAttempts: 100 });
    refusedRows(world, 250);
    await world.live(10);
    expect(world.touched.length).toBeGreaterThan(2);
    expect(world.touched.length).toBeLessThanOrEqual(10);
    expect(statesOf(world).healed).toBeUndefined();
  });

  test('are released in batches of a hundred as soon as their probe is healed', async () => {
    const world = smallWorld();
    await planProbe(world, 250);
    await world.deliver();
    expect(world.touched).toHaveLength(1);
    world.exportChanges();
    world.pass(31);
    await world.deliver();
    const sizes = world.messages().map(({ queue, item }) => `${queue} ${item.recordIds.length}`);
    expect(sizes).toEqual(['retouch 100', 'retouch 100', 'retouch 49']);
    await world.live(3);
    expect(statesOf(world)).toEqual({ healed: 250 });
    expect(new Set(world.touched).size).toBe(world.touched.length);
  });

  test('need attention when all attempts were in vain, and the alert counts them', async () => {
    const world = smallWorld({ retouchMaxAttempts: 3 });
    refusedRows(world, 5);
    await world.live(600);
    expect(Object.keys(statesOf(world))).toEqual(['needs-attention']);
    const abandoned = eventsOf(world, 'automation.row.abandoned');
    expect(abandoned.reduce((rows, event) => rows + Number(event.rows), 0)).toBe(5);
    for (const event of abandoned) {
      expect(event).toMatchObject({ profileId, table: 'account', cause: 'constraint' });
      expect(event.seconds).toBeGreaterThan(600);
    }
  });

  test('of another cause do not wait for each other', async () => {
    const world = smallWorld({ retouchMaxAttempts: 100 });
    refusedRows(world, 2);
    world.source.put('account', rowId(9), { name: 'long' });
    world.refused.set(rowId(9), 'a text is longer than its column');
    world.exportChanges();
    world.refused.delete(rowId(9));
    await world.live(5);
    expect(world.failuresOf(9)).toMatchObject([{ state: 'healed' }]);
    expect(world.failuresOf(1)[0]?.state).not.toBe('healed');
  });

  test('of an unknown cause are released only with those whose reason says the same', async () => {
    const world = smallWorld({ retouchMaxAttempts: 100 });
    refusedRows(world, 40, 'The moon of "today" is full.');
    for (let row = 1; row <= 20; row++) world.refused.set(rowId(row), `Dragon ${row} came.`);
    world.exportChanges();
    for (let row = 1; row <= 20; row++) world.refused.delete(rowId(row));
    await world.live(10);
    const [dragons, moons] = [world.failures().slice(0, 20), world.failures().slice(20)];
    expect(new Set(dragons.map(({ state }) => state))).toEqual(new Set(['healed']));
    expect(new Set(dragons.map(({ cause, pattern }) => `${cause}: ${pattern}`))).toEqual(
      new Set(['unknown: Dragon # came.']),
    );
    expect(moons.filter(({ state }) => state === 'healed')).toEqual([]);
    expect(world.touched.filter((id) => id > rowId(20)).length).toBeLessThanOrEqual(10);
  });

  test('with several failures are written once for all of them', async () => {
    const world = smallWorld({ retouchFirstDelaySeconds: 300 });
    refusedRows(world, 1);
    world.exportChanges();
    world.pass(5);
    world.source.put('account', rowId(1), { name: 'changed' });
    world.exportChanges();
    await world.runTimer();
    world.refused.clear();
    await world.live(10);
    expect(world.touched).toEqual([rowId(1)]);
    expect(statesOf(world)).toEqual({ healed: 2 });
  });

  test('that were deleted meanwhile are gone, and never come back', async () => {
    const world = smallWorld();
    refusedRows(world, 1);
    world.exportChanges();
    world.source.delete('account', rowId(1));
    await world.live(5);
    expect(statesOf(world)).toEqual({ gone: 1 });
    expect(world.source.rows('account').size).toBe(0);
  });

  test('that were changed between reading and writing are left to sync by themselves', async () => {
    const world = smallWorld();
    await planProbe(world, 1);
    const { dataverse } = world.source;
    const racing = {
      ...dataverse,
      readRows: async (...call: Parameters<typeof dataverse.readRows>) => {
        const rows = await dataverse.readRows(...call);
        if (world.source.rows('account').get(rowId(1))?.values.name !== 'newer')
          world.source.put('account', rowId(1), { name: 'newer' });
        return rows;
      },
    };
    const [message] = world.messages();
    if (message?.queue !== 'retouch') throw new Error('No probe was sent.');
    await retouchRows(message.item, { ...world.ports, organizations: { dataverse: async () => racing } });
    const { version } = world.source.rows('account').get(rowId(1)) ?? {};
    expect(world.failures()).toMatchObject([{ state: 'retouching', retouchedVersion: String(version) }]);
    await world.live(3);
    expect(world.source.rows('account').get(rowId(1))).toMatchObject({ version, values: { name: 'newer' } });
    expect(statesOf(world)).toEqual({ healed: 1 });
  });

  test('by a delete that the destination still refuses need a person', async () => {
    const world = smallWorld();
    world.destination.set(rowId(1), 1);
    world.logFailure({ recordId: rowId(1), changeType: 'Delete' });
    await world.runTimer();
    world.pass(61);
    await world.runTimer();
    await world.deliver();
    expect(world.failures()).toMatchObject([
      { state: 'needs-attention', note: expect.stringMatching(/delete it/) },
    ]);
  });

  test('of a table without a harmless column need a person, who is told why', async () => {
    const world = smallWorld();
    const definition = await world.source.dataverse.tableDefinition('account');
    world.source.define({ ...definition, attributes: definition.attributes.slice(0, 1) });
    refusedRows(world, 1);
    await world.live(3);
    expect(world.failures()).toMatchObject([
      { state: 'needs-attention', note: expect.stringMatching(/no column that can be written/) },
    ]);
  });

  test('in Dataverse, too, hold back no other row', async () => {
    const world = smallWorld();
    const [first = '', ...others] = await releasedRows(world, 4);
    world.refusedWrites.set(
      first,
      new ServiceError('DATAVERSE_REQUEST_REFUSED', 'Cannot write the row: a plug-in refused it.'),
    );
    await world.deliver();
    expect(world.touched).toEqual(expect.arrayContaining(others));
    await world.live(60);
    expect(statesOf(world)).toEqual({ healed: 4, 'needs-attention': 1 });
    expect(world.failures().filter(({ state }) => state === 'needs-attention')).toMatchObject([
      { recordId: first, attempts: 4, note: expect.stringMatching(/plug-in refused it/) },
    ]);
  });

  test.each(['DATAVERSE_THROTTLED', 'DATAVERSE_UNREACHABLE', 'DATAVERSE_UNAUTHORIZED'] as const)(
    'are put back without an attempt when Dataverse cannot be asked any more (%s)',
    async (code) => {
      const world = smallWorld();
      const [, second = '', third] = await releasedRows(world, 3);
      world.refusedWrites.set(second, new ServiceError(code, 'Cannot write the row: not now.'));
      await world.deliver();
      expect(world.touched).not.toContain(third);
      expect(statesOf(world)).toEqual({ healed: 1, retouching: 1, waiting: 2 });
      const waiting = world.failures().filter(({ state }) => state === 'waiting');
      expect(waiting).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
      world.refusedWrites.clear();
      await world.live(10);
      expect(statesOf(world)).toEqual({ healed: 4 });
    },
  );

  test('wait longer while Dataverse is busy, and are healed afterwards', async () => {
    const world = smallWorld();
    refusedRows(world, 1);
    world.exportChanges();
    world.refused.clear();
    world.outages.set('dataverse', new ServiceError('DATAVERSE_THROTTLED', 'Cannot read rows: it is busy.'));
    await world.live(600);
    expect(world.failures()).toMatchObject([{ state: 'waiting', note: expect.stringMatching(/it is busy/) }]);
    expect(world.lines.filter((line) => !line.startsWith('warn '))).toEqual([]);
    world.outages.clear();
    await world.live(30);
    expect(statesOf(world)).toEqual({ healed: 1 });
  });
});

describe('a healed row', () => {
  test('is one that arrived: without its arrival it waits again after the time-out', async () => {
    const world = smallWorld();
    refusedRows(world, 1);
    world.exportChanges();
    world.exportChanges = () => {};
    await world.live(8);
    expect(world.failures()).toMatchObject([
      { state: 'waiting', attempts: 1, note: expect.stringMatching(/in time/) },
    ]);
  });

  test('is, with an exporter that cannot tell, one that did not fail again within the time-out', async () => {
    const world = smallWorld({ hasRowVersions: false });
    refusedRows(world, 1);
    world.exportChanges();
    world.refused.clear();
    await world.live(5);
    expect(statesOf(world)).toEqual({ retouching: 1 });
    await world.live(5);
    expect(statesOf(world)).toEqual({ healed: 1 });
  });

  test.each([
    ['second', {}],
    ['hour, when entries have no time', { notificationTime: undefined }],
  ])(
    'is not one that may have failed again unseen, as equal entries are one of the same %s',
    async (_, time) => {
      const world = smallWorld({ hasRowVersions: false, retouchFirstDelaySeconds: 0 });
      const id = rowId(1);
      world.source.put('account', id, { name: 'row' });
      world.logFailure({ recordId: id, ...time });
      await world.runTimer();
      await world.runTimer();
      if ('notificationTime' in time) world.pass(60);
      await world.deliver();
      expect(world.touched).toEqual([id]);
      world.logFailure({ recordId: id, ...time });
      await world.runTimer();
      expect(world.failures()).toHaveLength(1);
      world.pass(300);
      await world.deliver();
      expect(world.failures()).toMatchObject([
        { state: 'waiting', attempts: 1, note: expect.stringMatching(/cannot tell/) },
      ]);
    },
  );
});

describe('a failure of a whole table', () => {
  const tableFailure = {
    recordId: undefined,
    reason: 'There is already an object named "x" in the database.',
  };

  test('is healed when the table is exported again', async () => {
    const world = smallWorld();
    world.logFailure(tableFailure);
    await world.live(2);
    expect(statesOf(world)).toEqual({ waiting: 1 });
    world.source.put('account', rowId(1), { name: 'x' });
    await world.live(2);
    expect(statesOf(world)).toEqual({ healed: 1 });
    expect(world.touched).toEqual([]);
  });

  test('needs attention when that does not happen', async () => {
    const world = smallWorld();
    world.logFailure(tableFailure);
    await world.live(120);
    expect(statesOf(world)).toEqual({ 'needs-attention': 1 });
    expect(eventsOf(world, 'automation.row.abandoned')).toMatchObject([{ rows: 1, cause: 'object-exists' }]);
  });
});

test('failures of a profile that is switched off wait for it', async () => {
  const world = smallWorld();
  refusedRows(world, 2);
  world.exportChanges();
  world.setProfiles(world.profiles().map((profile) => ({ ...profile, state: 'inactive' })));
  await world.live(600);
  expect(world.touched).toEqual([]);
  world.setProfiles(world.profiles().map((profile) => ({ ...profile, state: 'active' })));
  world.refused.clear();
  await world.live(10);
  expect(statesOf(world)).toEqual({ healed: 2 });
});

test('a message for rows that nobody waits for writes nothing', async () => {
  const world = smallWorld();
  world.source.put('account', rowId(1), { name: 'x' });
  await retouchRows(
    { organizationId: organization.id, profileId, table: 'account', recordIds: [rowId(1)] },
    world.ports,
  );
  expect(world.touched).toEqual([]);
  expect(world.messages()).toEqual([]);
});
