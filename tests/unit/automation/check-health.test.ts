import { expect, test } from 'vitest';
import { checkHealth } from '../../../shared/automation/health/check-health.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { healthWorld } from './health-world.ts';
import { profileId } from './small-world.ts';

test('findings of a profile that was stopped or deleted, and of a table that was taken out, end', async () => {
  const ends: ((world: ReturnType<typeof healthWorld>) => void)[] = [
    ({ tellProfile }) => tellProfile({ state: 'inactive' }),
    ({ tellProfile }) => tellProfile(undefined),
    ({ tellTable }) => tellTable({ name: 'contact' }),
  ];
  for (const end of ends) {
    const world = healthWorld();
    world.tellTable({ initialSyncState: 'InProgress' });
    await world.look(15);
    expect(await world.open()).toEqual(['initial-sync-stuck']);
    end(world);
    await world.look(4);
    expect(await world.open()).not.toContain('initial-sync-stuck');
  }
});

test('while the exporter cannot be asked that alone is a finding, and what is open is still told', async () => {
  const world = healthWorld();
  await world.fail(20);
  await world.look();
  world.breakPart('profiles');
  const before = world.events.length;
  await world.look();
  expect(await world.open()).toEqual(['failures-growing']);
  await world.look(5);
  expect(await world.open()).toEqual(['exporter-unreachable', 'failures-growing']);
  expect(await world.finding('exporter-unreachable')).toMatchObject({
    profileName: 'all profiles',
    severity: 'error',
  });
  const told = world.events.slice(before).map(({ name }) => name);
  expect(told.filter((name) => name === 'automation.finding.opened')).toHaveLength(1);
  expect(told.filter((name) => name === 'automation.finding.seen')).toHaveLength(6 + 5);
  world.breakPart('profiles', false);
  await world.look(4);
  expect(await world.open()).toEqual(['failures-growing']);
});

test('an exporter that was silent at one look only is none', async () => {
  const world = healthWorld();
  for (let count = 0; count < 3; count += 1) {
    world.breakPart('profiles');
    await world.look();
    world.breakPart('profiles', false);
    await world.look();
  }
  expect(await world.open()).toEqual([]);
});

test('an event says everything that an email needs, and the same at every look', async () => {
  const world = healthWorld();
  await world.fail(20);
  await world.look();
  await world.fail(5);
  await world.look();
  const [opened, , again] = world.events;
  expect(opened).toEqual({
    name: 'automation.finding.opened',
    data: {
      ...{ findingId: `failures-growing.${profileId}.account`, kind: 'failures-growing' },
      ...{ profileId, profileName: 'Sales', table: 'account', severity: 'error' },
      since: '2026-11-28T18:05:00.000Z',
      story:
        '20 rows of table "account" could not be written since 2026-11-28 18:00 UTC; the cause is destination-full.',
      whatToDo:
        'Free or add space in the destination database. Then the rows are written again by themselves.',
      ...{ seconds: 0, occurrences: 1, flaps: 0 },
    },
  });
  expect(again).toEqual({
    name: 'automation.finding.seen',
    data: { ...opened?.data, seconds: 300, occurrences: 2 },
  });
});

test('the trouble of one profile does not stop the others, and a defect is thrown after the last one', async () => {
  for (const [error, isThrown] of [
    [new ServiceError('STORAGE_UNAVAILABLE', 'Cannot read the notes: storage is away.'), false],
    [new TypeError('a defect'), true],
  ] as const) {
    const world = healthWorld();
    world.profileIds.unshift(...['one', 'two']);
    world.tellProfile({ state: 'error' });
    const { findings } = world;
    const notes = async (id: string) => (id === 'one' ? Promise.reject(error) : findings.notes(id));
    const run = checkHealth({ ...world.ports, findings: { ...findings, notes } });
    if (isThrown) await expect(run).rejects.toThrow('a defect');
    else await run;
    const found = (await findings.open()).map((finding) => finding.profileId).sort();
    expect(found).toEqual([profileId, 'two'].sort());
    expect(world.lines.length).toBe(isThrown ? 0 : 1);
  }
});

test('a run asks nobody any more when its time is over, and every profile has its turn', async () => {
  const world = healthWorld();
  world.profileIds.push(...Array.from({ length: 9 }, (_, index) => `profile-${index}`));
  world.slowness.set('test', 100);
  const tested = async () => {
    const notes = await Promise.all(world.profileIds.map((id) => world.findings.notes(id)));
    return notes.filter((each) => each?.testedAt !== undefined).length;
  };
  await world.look();
  // Three tests of 100 s; the third one began before 240 s were over.
  expect(await tested()).toBe(3);
  await world.look(30);
  expect(await tested()).toBe(10);
  expect(await world.open()).toEqual([]);
});

test('a run that dies anywhere is made good by those after it', async () => {
  for (let lastCall = 0; lastCall < 12; lastCall++) {
    const world = healthWorld();
    let callsLeft = Number.POSITIVE_INFINITY;
    const mortal = new Proxy(world.findings, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        return async (...given: unknown[]) => {
          if (callsLeft-- <= 0) throw new Error('The process is dead.');
          return member(...given);
        };
      },
    });
    const dieOnce = async () => {
      callsLeft = lastCall;
      await checkHealth({ ...world.ports, findings: mortal }).catch(() => undefined);
      callsLeft = Number.POSITIVE_INFINITY;
    };
    const ids = await world.fail(20);
    world.tellProfile({ state: 'error' });
    await dieOnce();
    await world.look();
    expect(await world.open()).toEqual(['failures-growing', 'profile-not-active']);
    await world.moveFailures(ids, 'waiting', 'healed');
    world.tellProfile({});
    await dieOnce();
    await world.look(4);
    expect(await world.open()).toEqual([]);
    expect(world.told('failures-growing').filter((what) => what !== 'seen')).toEqual(['opened', 'closed']);
  }
});
