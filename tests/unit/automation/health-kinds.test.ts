import { describe, expect, it, test } from 'vitest';
import type { HealthKind } from '../../../shared/model/health-finding.ts';
import { day, healthWorld, minute } from './health-world.ts';

type World = ReturnType<typeof healthWorld>;

/** Opens, is seen again, and ends, once it was not seen for as long as it takes. */
async function expectLife(world: World, kind: HealthKind, cure: () => unknown, seconds = 5 * minute) {
  expect(await world.open()).toEqual([kind]);
  await world.look(1, seconds);
  expect(await world.open()).toEqual([kind]);
  await cure();
  await world.look(3, Math.max(seconds, 6 * minute));
  expect(await world.open()).toEqual([]);
  const told = world.told(kind);
  expect([told[0], told.at(-1), new Set(told.slice(1, -1))]).toEqual(['opened', 'closed', new Set(['seen'])]);
}

test('a profile that is well has no finding, and costs few questions', async () => {
  const world = healthWorld();
  await world.look(13);
  expect(await world.open()).toEqual([]);
  expect(world.events).toEqual([]);
  expect(world.asked.filter((what) => what !== 'profiles').sort()).toEqual(
    // Within one hour; the rows are counted once a day, the source is not asked for changes.
    ['destination rows', 'secret', 'secret', 'source rows', 'test', 'test'],
  );
});

describe('profile-not-active', () => {
  it('opens at once in an error state, and ends when the profile is active', async () => {
    const world = healthWorld();
    world.tellProfile({ state: 'error' });
    await world.look();
    expect(await world.finding('profile-not-active')).toMatchObject({
      ...{ severity: 'error', profileName: 'Sales', table: undefined },
      message: 'Profile "Sales" is in an error state and exports nothing.',
    });
    await expectLife(world, 'profile-not-active', () => world.tellProfile({}));
  });

  it('opens when an active profile has become inactive, and ends after a week: then it is meant to be', async () => {
    const world = healthWorld();
    await world.look();
    world.tellProfile({ state: 'inactive' });
    await world.look();
    expect(await world.open()).toEqual([]);
    await world.look();
    expect(await world.finding('profile-not-active')).toMatchObject({
      ...{ state: 'open', severity: 'warning' },
      message: 'Profile "Sales" exports nothing: it was last seen active 2026-11-28 18:05 UTC.',
    });
    await expectLife(world, 'profile-not-active', () => world.pass(7 * day));
  });

  it('says nothing of a profile that was never seen active', async () => {
    const world = healthWorld();
    world.tellProfile({ state: 'inactive' });
    await world.look(4);
    expect(await world.open()).toEqual([]);
  });
});

describe('failures-growing', () => {
  it('names table, rows, since when, cause and cure at the first look after many rows failed', async () => {
    const world = healthWorld();
    const ids = await world.fail(400);
    await world.look();
    expect(await world.finding('failures-growing')).toMatchObject({
      ...{ table: 'account', severity: 'error', openedAt: world.time() },
      message:
        '400 rows of table "account" could not be written since 2026-11-28 18:00 UTC; the cause is destination-full.',
      whatToDo:
        'Free or add space in the destination database. Then the rows are written again by themselves.',
    });
    const more = await world.fail(100);
    await world.look();
    expect(await world.finding('failures-growing')).toMatchObject({
      message: expect.stringMatching(/^500 rows/),
      opening: { message: expect.stringMatching(/^400 rows/) },
    });
    await world.moveFailures(ids, 'waiting', 'healed');
    await expectLife(world, 'failures-growing', () => world.moveFailures(more, 'waiting', 'healed'));
  });

  it('waits for a second look with a few rows, which may be healed by then', async () => {
    const world = healthWorld();
    for (let times = 0; times < 3; times++) {
      const ids = await world.fail(2);
      await world.look();
      await world.moveFailures(ids, 'waiting', 'healed');
      await world.look();
    }
    expect(await world.open()).toEqual([]);
    await world.fail(1);
    await world.look(2);
    expect(await world.open()).toEqual(['failures-growing']);
  });

  it('stays while rows need attention, and while the profile is inactive', async () => {
    const world = healthWorld();
    const ids = await world.fail(10);
    await world.look();
    await world.moveFailures(ids, 'waiting', 'needs-attention');
    await world.look(6);
    expect(await world.finding('failures-growing')).toMatchObject({
      state: 'open',
      message: expect.stringMatching(/10 of them were given up and must be changed in Dataverse\.$/),
    });
    world.tellProfile({ state: 'inactive' });
    await world.look(6);
    expect(await world.open()).toContain('failures-growing');
    world.tellProfile({});
    await world.look(4);
    await expectLife(world, 'failures-growing', () => world.moveFailures(ids, 'waiting', 'healed'));
  });

  it('goes by the counts of the exporter where the ledger knows of nothing, and not by a first look', async () => {
    const world = healthWorld({ isForeign: true });
    world.tellTable({ failureCount: 70 });
    await world.look(2);
    expect(await world.open()).toEqual([]);
    for (const failureCount of [75, 80]) {
      world.tellTable({ failureCount });
      await world.look();
    }
    expect(await world.finding('failures-growing')).toMatchObject({
      message: expect.stringMatching(/^The exporter counts 5 failures of table "account" more/),
    });
    await world.look(4);
    expect(await world.open()).toEqual([]);
  });

  it('is as it was while the ledger cannot be read', async () => {
    const world = healthWorld();
    world.breakPart('ledger');
    await world.fail(20);
    await world.look(3);
    expect(await world.open()).toEqual([]);
    world.breakPart('ledger', false);
    await world.look();
    world.breakPart('ledger');
    await world.look(6);
    expect(await world.open()).toEqual(['failures-growing']);
  });
});

describe('initial-sync-stuck', () => {
  it('opens when an initial sync has made no progress for an hour, and ends when it moves', async () => {
    const world = healthWorld();
    world.tellTable({ initialSyncState: 'InProgress', progress: 5000, successCount: 5000 });
    await world.look(13);
    expect(await world.open()).toEqual([]);
    await world.look();
    expect(await world.finding('initial-sync-stuck')).toMatchObject({
      message: 'The initial sync of table "account" has made no progress for 65 minutes, at 5,000 rows.',
    });
    await expectLife(world, 'initial-sync-stuck', () => world.tellTable({ progress: 6000 }));
  });

  it('does not open while rows are only counted, nor for a table that waits for its activation', async () => {
    const world = healthWorld();
    for (let look = 0; look < 30; look++) {
      world.tellTable({ initialSyncState: 'InProgress', successCount: 0, progress: look });
      await world.look();
    }
    world.tellTable({ initialSyncState: 'NotStarted', progress: 0 });
    await world.look(20);
    expect(await world.open()).toEqual([]);
  });
});

for (const isForeign of [false, true])
  describe(`standing-still, ${isForeign ? 'another' : 'our'} exporter`, () => {
    it('opens when the source has an older change and the table does nothing, and ends when it is exported', async () => {
      const world = healthWorld({ isForeign });
      await world.look();
      world.freeze(true);
      world.pass(minute);
      world.newest = { version: '2', changedAt: world.time() };
      await world.look(5);
      expect(await world.finding('standing-still')).toMatchObject({
        ...{ state: 'open', severity: 'error' },
        message:
          'Table "account" stands still: a change made 2026-11-28 18:06 UTC has not been exported for 25 minutes.',
      });
      await expectLife(world, 'standing-still', () => world.freeze(false));
    });

    it('does not open where the source has nothing new, and asks it seldom', async () => {
      const world = healthWorld({ isForeign });
      await world.look();
      world.freeze(true);
      await world.look(24);
      expect(await world.open()).toEqual([]);
      expect(world.asked.filter((what) => what === 'newest').length).toBeLessThanOrEqual(8);
      world.newest = undefined;
      await world.look(6);
      expect(await world.open()).toEqual([]);
    });

    it('neither opens nor ends while the source cannot be asked', async () => {
      const world = healthWorld({ isForeign });
      await world.look();
      world.freeze(true);
      world.pass(minute);
      world.newest = { version: '2', changedAt: world.time() };
      world.breakPart('newest');
      await world.look(8);
      expect(await world.open()).toEqual([]);
      world.breakPart('newest', false);
      await world.look(6);
      expect(await world.open()).toEqual(['standing-still']);
      world.breakPart('newest');
      await world.look(6);
      expect(await world.open()).toEqual(['standing-still']);
    });

    it('goes by the first look at a version where a table does not tell when it changed', async () => {
      const world = healthWorld({ isForeign });
      world.newest = { version: '1' };
      await world.look();
      world.freeze(true);
      await world.look(8);
      expect(await world.open()).toEqual([]);
      world.newest = { version: '2' };
      await world.look(10);
      expect(await world.open()).toEqual(['standing-still']);
    });
  });

describe('lag-over-limit', () => {
  it('opens when the table works but an old change has not arrived, also where there is always a newer one', async () => {
    const world = healthWorld();
    await world.look();
    world.freeze(true);
    for (let look = 0; look < 9; look++) {
      world.newest = { version: String(look + 2), changedAt: world.time() };
      world.tellTable({ progress: 200 + look });
      await world.look();
    }
    expect(await world.finding('lag-over-limit')).toMatchObject({
      ...{ state: 'open', severity: 'warning' },
      message: expect.stringMatching(/^Table "account" lags by \d+ minutes; the limit is 15 minutes\.$/),
    });
    expect(await world.open()).toEqual(['lag-over-limit']);
    world.freeze(false);
    await world.look(4);
    expect(await world.open()).toEqual([]);
  });

  it('is not told of an exporter that does not say up to when it has exported', async () => {
    const world = healthWorld({ isForeign: true });
    await world.look();
    world.freeze(true);
    for (let look = 0; look < 12; look++) {
      world.newest = { version: String(look + 2), changedAt: world.time() };
      world.tellTable({ successCount: 200 + look });
      await world.look();
    }
    expect(await world.open()).toEqual([]);
  });
});
