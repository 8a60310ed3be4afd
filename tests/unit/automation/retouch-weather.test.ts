import { describe, expect, test } from 'vitest';
import { applySteps } from '../../../shared/automation/apply-steps.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { aFailure, anEntry } from '../../contracts/failures.ts';
import { eventsOf, planProbe, refusedRows, statesOf } from './refused-rows.ts';
import { organization, profileId, rowId, smallWorld } from './small-world.ts';

const refusedByPlugIn = new ServiceError(
  'DATAVERSE_REQUEST_REFUSED',
  'Cannot write the row: a plug-in refused it.',
);

describe('rows that meet bad weather on the way', () => {
  test('as deleted, re-created, merged and changed ones all find their end, and nothing is written over', async () => {
    const world = smallWorld();
    await planProbe(world, 20);
    await world.deliver();
    world.exportChanges();
    world.pass(30);
    await world.deliver();
    expect(statesOf(world)).toEqual({ healed: 1, retouching: 19 });

    world.source.delete('account', rowId(2));
    world.source.delete('account', rowId(3));
    world.source.put('account', rowId(3), { name: 're-created' });
    // A merge makes the other row inactive, and a plug-in of the organization lets nobody write inactive rows.
    world.source.put('account', rowId(4), { name: 'merged', statecode: 1 });
    world.refusedWrites.set(rowId(4), refusedByPlugIn);
    world.source.put('account', rowId(5), { name: 'changed' });
    await world.live(60);

    expect(statesOf(world)).toEqual({ healed: 18, gone: 1, 'needs-attention': 1 });
    expect(world.failuresOf(2)).toMatchObject([{ state: 'gone' }]);
    expect(world.failuresOf(4)).toMatchObject([{ state: 'needs-attention', attempts: 4 }]);
    const { rows } = world.source;
    expect(rows('account').has(rowId(2))).toBe(false);
    expect(rows('account').get(rowId(3))?.values).toMatchObject({ name: 're-created' });
    expect(rows('account').get(rowId(5))?.values).toMatchObject({ name: 'changed' });
  });

  test('of a probe that a plug-in refuses do not hold back the group: another row is the next probe', async () => {
    const world = smallWorld();
    await planProbe(world, 10);
    world.refusedWrites.set(rowId(1), refusedByPlugIn);
    await world.live(60);
    expect(statesOf(world)).toEqual({ healed: 9, 'needs-attention': 1 });
  });

  test('as storage that throttles: the message fails and comes again, and nothing is lost', async () => {
    const world = smallWorld();
    await planProbe(world, 10);
    const busy = new ServiceError('STORAGE_UNAVAILABLE', 'Cannot read the ledger: storage answered 503.');
    world.outages.set('storage', busy);
    await expect(world.deliver()).rejects.toBe(busy);
    expect(world.touched).toEqual([]);
    expect(world.messages()).toHaveLength(1);
    world.outages.clear();
    await world.live(5);
    expect(statesOf(world)).toEqual({ healed: 10 });
    expect(world.failures().every(({ attempts }) => attempts === 1)).toBe(true);
  });

  test('as storage that fails between: those that were given up before it are told', async () => {
    const world = smallWorld();
    refusedRows(world, 250);
    world.exportChanges();
    await world.runTimer();
    const become = { state: 'needs-attention', note: 'Given up.' } as const;
    const steps = world.failures().map((failure) => ({ failure, become }));
    let calls = 0;
    const update: typeof world.ledger.update = async (...given) => {
      if (++calls === 3) throw new ServiceError('STORAGE_UNAVAILABLE', 'Cannot write: 503.');
      return world.ledger.update(...given);
    };
    const ports = { ...world.ports, ledger: { ...world.ledger, update } };
    await expect(applySteps(profileId, steps, ports)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(eventsOf(world, 'automation.row.abandoned')).toMatchObject([{ rows: 200 }]);
  });

  test('as storage that throttles after the row was written: it is written once more, and heals', async () => {
    const world = smallWorld();
    await planProbe(world, 1);
    const busy = new ServiceError('STORAGE_UNAVAILABLE', 'Cannot write the ledger: storage answered 429.');
    world.onWrite(() => void world.outages.set('storage', busy));
    await expect(world.deliver()).rejects.toBe(busy);
    world.onWrite(() => {});
    world.outages.clear();
    await world.live(5);
    expect(world.touched).toHaveLength(2);
    expect(statesOf(world)).toEqual({ healed: 1 });
  });
});

describe.each([-300, 0, 300])('with an exporter whose clock is %i s ahead', (exporterAheadSeconds) => {
  test.each([true, false])(
    'a row that fails again is not taken for healed, and one that does not is healed (versions: %s)',
    async (hasRowVersions) => {
      const world = smallWorld({ exporterAheadSeconds, hasRowVersions, retouchMaxAttempts: 6 });
      refusedRows(world, 4);
      world.exportChanges();
      for (const row of [1, 2]) world.refused.delete(rowId(row));
      await world.live(240);
      for (const row of [1, 2])
        expect(new Set(world.failuresOf(row).map(({ state }) => state))).toEqual(new Set(['healed']));
      for (const row of [3, 4])
        expect(new Set(world.failuresOf(row).map(({ state }) => state))).toEqual(
          new Set(['needs-attention']),
        );
    },
  );

  test('entries without a time are not taken for healed either', async () => {
    const world = smallWorld({ exporterAheadSeconds, hasRowVersions: false, retouchMaxAttempts: 6 });
    world.exportChanges = () => {
      const { version = 0 } = world.source.rows('account').get(rowId(1)) ?? {};
      if (version > exported) world.logFailure({ recordId: rowId(1), notificationTime: undefined });
      exported = version;
    };
    let exported = 0;
    refusedRows(world, 1);
    world.pass(50 * 60);
    await world.live(300);
    expect(world.failures().filter(({ state }) => state === 'healed')).toEqual([]);
  });
});

test('a storm of 100,000 failures writes probes only, as long as the database is full', async () => {
  const world = smallWorld({ retouchMaxAttempts: 100 });
  const count = 100_000;
  const reason = 'Could not allocate a new page for database "reporting".';
  refusedRows(world, count, reason);
  await world.ledger.add(
    Array.from({ length: count }, (_, row) => ({
      ...aFailure(profileId, anEntry({ recordId: rowId(row + 1), reason })),
      ...{ organizationId: organization.id, pattern: undefined, nextAttemptAt: world.now().toISOString() },
      ...{ cause: 'destination-full' as const, state: 'waiting' as const },
    })),
  );
  for (let probe = 1; probe <= 2; probe++) {
    await world.runTimer();
    await world.runTimer();
    expect(world.messages().map(({ item }) => item.recordIds.length)).toEqual([1]);
    await world.deliver();
    expect(world.touched).toHaveLength(probe);
    world.pass(30);
    world.logFailure({ recordId: world.touched.at(-1), reason });
    await world.runTimer();
    await world.deliver();
  }
  expect(eventsOf(world, 'automation.row.healed')).toEqual([]);
});
