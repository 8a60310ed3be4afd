import { describe, expect, it } from 'vitest';
import { noProfile } from '../../../shared/model/health-finding.ts';
import { day, healthWorld, hour, minute } from './health-world.ts';
import { organization, profileId } from './small-world.ts';

describe('test-failing', () => {
  it('opens at the second failure, ten minutes after the first, and ends when the test passes', async () => {
    const world = healthWorld();
    await world.look();
    world.test = { isPassed: false, report: 'Cannot connect:\nthe server is away.' };
    await world.look(11);
    expect(await world.open()).toEqual([]);
    await world.look(3);
    expect(await world.finding('test-failing')).toMatchObject({
      ...{ state: 'open', severity: 'error' },
      message: 'The test of profile "Sales" fails: Cannot connect: the server is away.',
    });
    await world.look(4);
    expect(await world.open()).toEqual(['test-failing']);
    world.test = { isPassed: true, report: '' };
    await world.look(5);
    expect(await world.open()).toEqual([]);
  });

  it('is tried again within ten minutes when something else is open', async () => {
    const world = healthWorld();
    await world.look();
    const tests = () => world.asked.filter((what) => what === 'test').length;
    const before = tests();
    await world.fail(20);
    await world.look(3);
    expect(tests()).toBe(before + 1);
  });

  it('neither opens nor ends without a test, or while the exporter does not answer', async () => {
    const world = healthWorld({ isForeign: true });
    world.test = undefined;
    await world.look(30);
    expect(await world.open()).toEqual([]);
    world.test = { isPassed: false, report: '' };
    await world.look(30);
    expect(await world.open()).toEqual(['test-failing']);
    world.breakPart('test');
    await world.look(30);
    expect(await world.open()).toEqual(['test-failing']);
  });
});

describe('token-ageing', () => {
  it('opens at half of the life of the token, gets worse at four fifths, and ends when the table was exported', async () => {
    const world = healthWorld();
    await world.look();
    world.freeze(true);
    await world.look(6, 12 * hour);
    expect(await world.open()).toEqual([]);
    await world.look(2, 12 * hour);
    expect(await world.finding('token-ageing')).toMatchObject({
      ...{ state: 'open', severity: 'warning', table: 'account' },
      message:
        'The delta token of table "account" is 4 days old and ends at 7 days; then the table is loaded anew.',
    });
    await world.look(3, 12 * hour);
    expect(await world.finding('token-ageing')).toMatchObject({
      severity: 'warning',
      opening: { message: expect.stringContaining('is 4 days old') },
    });
    await world.look(1, 12 * hour);
    // What the alert shows changes with the severity: so it is told once more.
    expect(await world.finding('token-ageing')).toMatchObject({
      ...{ state: 'open', severity: 'error' },
      opening: { message: expect.stringContaining('is 6 days old') },
    });
    world.freeze(false);
    await world.look(3, 6 * minute);
    expect(await world.open()).toEqual([]);
  });

  it('knows the life of tokens from the organization, also when that cannot be asked any more', async () => {
    const world = healthWorld();
    world.tokenDays = 2;
    world.freeze(true);
    await world.look(1, 2 * hour);
    world.breakPart('token days');
    await world.look(2, 12 * hour);
    expect(await world.finding('token-ageing')).toMatchObject({
      ...{ state: 'open', severity: 'warning' },
      message: expect.stringContaining('ends at 2 days'),
    });
    await world.look(1, 12.5 * hour);
    expect(await world.finding('token-ageing')).toMatchObject({ severity: 'error' });
  });

  it('asks the organization once an hour at most, and not while all is exported', async () => {
    const world = healthWorld();
    const questions = () => world.asked.filter((what) => what === 'token days').length;
    await world.look(30);
    expect(questions()).toBe(0);
    world.freeze(true);
    await world.look(12 * 4);
    expect(questions()).toBe(3);
  });

  it('is not told of an exporter that does not say up to when it has exported', async () => {
    const world = healthWorld({ isForeign: true });
    await world.look();
    world.freeze(true);
    await world.look(20, day);
    expect(await world.open()).toEqual([]);
  });
});

describe('secret-expiring', () => {
  it('opens before the secret ends, gets worse, and ends with a new version', async () => {
    const world = healthWorld();
    world.secret = { endsAt: world.time(-40 * day) };
    await world.look(3, 2 * day);
    expect(await world.open()).toEqual([]);
    await world.look(3, 2 * day);
    expect(await world.finding('secret-expiring')).toMatchObject({
      ...{ state: 'open', severity: 'warning' },
      message: 'The secret of profile "Sales" ends 2027-01-07 18:00 UTC.',
    });
    await world.look(15, 2 * day);
    expect(await world.finding('secret-expiring')).toMatchObject({
      severity: 'error',
      message: 'The secret of profile "Sales" ended 2027-01-07 18:00 UTC.',
    });
    world.secret = {};
    await world.look(3, 61 * minute);
    expect(await world.open()).toEqual([]);
  });

  it('opens as well before the certificate of the database server ends', async () => {
    const world = healthWorld();
    world.secret = { endsAt: world.time(-10 * day), isCertificate: true };
    await world.look(2, 61 * minute);
    expect(await world.finding('secret-expiring')).toMatchObject({
      message: 'The certificate of the database server of profile "Sales" ends 2026-12-08 18:00 UTC.',
      whatToDo: expect.stringContaining('Have the database server show a new certificate'),
    });
  });

  it('is not told by another exporter, nor of a vault that does not answer', async () => {
    for (const world of [healthWorld({ isForeign: true }), healthWorld()]) {
      world.secret = { endsAt: world.time(-day) };
      world.breakPart('secret');
      await world.look(3, 2 * hour);
      expect(await world.open()).toEqual([]);
    }
  });
});

describe('counts-drift', () => {
  it('opens when two counts differ by more than is explained, and ends when they do not', async () => {
    const world = healthWorld();
    await world.look();
    world.rows = { source: 1000, destination: 1000 - 61 };
    world.tellTable({ progress: 150 });
    await world.look(1, day);
    expect(await world.open()).toEqual([]);
    await world.look(1, hour);
    expect(await world.finding('counts-drift')).toMatchObject({
      ...{ state: 'open', severity: 'warning' },
      message:
        'Table "account" has 1,000 rows in Dataverse and 939 in the destination: 61 apart, where at most 60 are explained.',
    });
    world.rows = { source: 1000, destination: 1000 };
    await world.look(1, hour);
    expect(await world.open()).toEqual(['counts-drift']);
    await world.look(2, day);
    expect(await world.open()).toEqual([]);
  });

  it('does not open where changes, failed rows or ten rows on their way explain it, nor at a first count', async () => {
    const world = healthWorld();
    world.rows = { source: 9000, destination: 100 };
    await world.look();
    world.rows = { source: 1000, destination: 1000 - 66 };
    world.tellTable({ progress: 150 });
    await world.look(1, day);
    await world.fail(6);
    await world.look(1, hour);
    expect(await world.open()).not.toContain('counts-drift');
  });

  it('is not told by another exporter, nor while one side cannot be counted', async () => {
    for (const [isForeign, broken] of [
      [true, undefined],
      [false, 'source rows'],
      [false, 'destination rows'],
    ] as const) {
      const world = healthWorld({ isForeign });
      await world.look();
      world.rows = { source: 1000, destination: 10 };
      if (broken) world.breakPart(broken);
      await world.look(5, day);
      expect(await world.open()).toEqual([]);
    }
  });
});

describe('rows-drift', () => {
  const since = '2026-11-28T17:00:00.000Z';

  it('opens at once with the rows that differ, and ends when they do not', async () => {
    const world = healthWorld();
    world.tellTable({ drift: { since, rows: 12, ids: ['id-1', 'id-2'], newerRows: 0 } });
    await world.look();
    expect(await world.finding('rows-drift')).toMatchObject({
      ...{ state: 'open', severity: 'warning', table: 'account' },
      message:
        '12 rows of table "account" differed from Dataverse since 2026-11-28 17:00 UTC: among them id-1, id-2.',
      whatToDo: expect.stringContaining('exported again by themselves'),
    });
    world.tellTable({ drift: undefined });
    await world.look(3, 6 * minute);
    expect(await world.open()).toEqual([]);
  });

  it('asks for a resync where rows are newer than in Dataverse', async () => {
    const world = healthWorld();
    world.tellTable({ drift: { since, rows: 1, ids: ['id-1'], newerRows: 1 } });
    await world.look();
    expect(await world.finding('rows-drift')).toMatchObject({
      severity: 'error',
      whatToDo: expect.stringContaining('POST profiles/{id}/resync'),
    });
  });
});

describe('poison-messages', () => {
  it('opens with the message, and ends when none has followed for an hour', async () => {
    const world = healthWorld();
    await world.poison({ profileId, table: 'account' });
    expect(await world.finding('poison-messages')).toMatchObject({
      ...{ profileName: 'Sales', organizationId: organization.id, table: 'account', occurrences: 1 },
      message: 'A message of table "account" in queue "sync-table" was given up 2026-11-28 18:00 UTC.',
    });
    await world.look(6);
    await world.poison({ profileId, table: 'account' });
    await world.look(12);
    expect(await world.finding('poison-messages')).toMatchObject({ state: 'open', occurrences: 2 });
    await world.look(4);
    expect(await world.open()).toEqual([]);
  });

  it('opens also for a message that does not say whose it is', async () => {
    const world = healthWorld();
    await world.poison({ table: 'account' });
    expect(await world.finding('poison-messages')).toMatchObject({ profileId: noProfile, table: undefined });
    await world.look(16);
    expect(await world.open()).toEqual([]);
  });
});
