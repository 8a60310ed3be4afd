import { expect, test } from 'vitest';
import type { ExportedTable } from '../../../shared/ports/exporter-api.ts';
import type { TelemetryMetricName } from '../../../shared/ports/telemetry.ts';
import { healthWorld } from './health-world.ts';
import { profileId } from './small-world.ts';

type World = ReturnType<typeof healthWorld>;

/** The numbers of one more look, by the last word of their names. */
async function numbersOf(world: World): Promise<Record<string, number>> {
  world.metrics.length = 0;
  await world.look();
  const named = world.metrics.map(({ name, value }) => [name.replace('automation.profile.', ''), value]);
  expect(named).toHaveLength(new Set(named.map(([name]) => name)).size);
  return Object.fromEntries(named);
}

async function lagsOf(world: World, looks: number): Promise<(number | undefined)[]> {
  const lags: (number | undefined)[] = [];
  for (let look = 0; look < looks; look++) lags.push((await numbersOf(world)).lag);
  return lags;
}

test('each look at an active profile tells its four numbers, and whose they are', async () => {
  const world = healthWorld();
  await world.look();
  const whose = { profileId, profileName: 'Sales' };
  const names: TelemetryMetricName[] = [
    'automation.profile.lag',
    'automation.profile.failures',
    'automation.profile.attention',
    'automation.profile.findings',
  ];
  expect(world.metrics).toEqual(names.map((name) => ({ name, value: 0, properties: whose })));
});

test('the numbers of each profile are its own', async () => {
  const world = healthWorld();
  const other = '66666666-6666-4666-8666-666666666666';
  world.profileIds.push(other);
  await world.fail(12);
  await world.look();
  const of = (id: string) =>
    world.metrics.filter(({ properties }) => properties.profileId === id).map(({ value }) => value);
  expect(of(profileId)).toEqual([0, 12, 0, 1]);
  expect(of(other)).toEqual([0, 0, 0, 0]);
});

test('nothing is told of a profile that is not active, whatever is open', async () => {
  for (const state of ['inactive', 'error'] as const) {
    const world = healthWorld();
    await world.fail(20);
    await world.look();
    world.tellProfile({ state });
    expect(await numbersOf(world)).toEqual({});
    expect(await world.open()).toContain('failures-growing');
  }
});

test('the lag is that of the slowest table that is loaded', async () => {
  const world = healthWorld();
  const table = (name: string, secondsAgo: number, change: Partial<ExportedTable> = {}): ExportedTable => ({
    ...{ name, initialSyncState: 'Completed', metadataState: 'Created' },
    ...{ successCount: 1, failureCount: 0, progress: 1 },
    lastExportAt: undefined,
    syncedAt: world.time(secondsAgo - 300),
    ...change,
  });
  world.tellProfile({
    tables: [
      table('account', 40),
      table('contact', 200),
      table('lead', 800, { initialSyncState: 'InProgress' }),
      table('task', -30),
    ],
  });
  expect((await numbersOf(world)).lag).toBe(200);
  world.tellProfile({ tables: [table('lead', 800, { initialSyncState: 'InProgress' })] });
  expect(await numbersOf(world)).not.toHaveProperty('lag');
  world.tellProfile({ tables: [table('task', -30)] });
  expect((await numbersOf(world)).lag).toBe(0);
});

test('the lag grows until the source is asked: then it is nothing, unknown, or since the change that waits', async () => {
  const world = healthWorld();
  await world.look();
  world.freeze(true);
  expect(await lagsOf(world, 5)).toEqual([300, 600, 900, 0, undefined]);
  world.newest = { version: '2', changedAt: world.time(100) };
  expect(await lagsOf(world, 3)).toEqual([undefined, 700, 1000]);
  world.freeze(false);
  expect(await lagsOf(world, 1)).toEqual([0]);
});

test('of an exporter that does not say up to when it has exported, only a change that waits is a lag', async () => {
  const world = healthWorld({ isForeign: true });
  await world.look();
  world.freeze(true);
  world.newest = { version: '2', changedAt: world.time(-60) };
  expect(await lagsOf(world, 4)).toEqual([0, 0, 0, 1140]);
  // A clock that is ahead makes nothing less than no lag.
  const ahead = healthWorld({ isForeign: true });
  ahead.freeze(true);
  ahead.newest = { version: '2', changedAt: ahead.time(-7200) };
  expect(await lagsOf(ahead, 4)).toEqual([0, 0, 0, 0]);
});

test('rows that failed are counted until they are healed, those that need attention twice', async () => {
  const world = healthWorld();
  const [first = '', second = '', ...others] = await world.fail(5);
  await world.moveFailures([first, second], 'waiting', 'needs-attention');
  expect(await numbersOf(world)).toMatchObject({ failures: 5, attention: 2 });
  await world.moveFailures(others, 'waiting', 'healed');
  expect(await numbersOf(world)).toMatchObject({ failures: 2, attention: 2 });
});

test('what the ledger cannot tell is left out, and the rest is told', async () => {
  const world = healthWorld();
  await world.fail(20);
  await world.look();
  world.breakPart('ledger');
  expect(await numbersOf(world)).toEqual({ lag: 0, findings: 1 });
});

test('findings are counted as they are after the look, also those that the look did not look for', async () => {
  const world = healthWorld();
  const failed = await world.fail(20);
  expect(await numbersOf(world)).toMatchObject({ findings: 1 });
  await world.poison({ profileId });
  expect(await numbersOf(world)).toMatchObject({ findings: 2 });
  await world.moveFailures(failed, 'waiting', 'healed');
  const counts: (number | undefined)[] = [];
  for (let look = 0; look < 14; look++) counts.push((await numbersOf(world)).findings);
  expect(counts.slice(0, 3)).toEqual([2, 2, 1]);
  expect(counts.at(-1)).toBe((await world.open()).length);
});
