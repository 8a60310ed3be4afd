import { expect, test } from 'vitest';
import { ingestFailures } from '../../../shared/automation/ingest-failures.ts';
import { pollStatus } from '../../../shared/automation/poll-status.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { failureSchema } from '../../../shared/model/failure.ts';
import { profileId, rowId, smallWorld } from './small-world.ts';

const eventsOf = (world: ReturnType<typeof smallWorld>, name: string) =>
  world.events.filter((event) => event.name === name).map(({ data }) => data);

test('each entry is read once, also when the blob grows', async () => {
  const world = smallWorld();
  world.logFailure({ recordId: rowId(1) });
  await ingestFailures(world.ports);
  await ingestFailures(world.ports);
  expect(world.failures()).toHaveLength(1);
  world.logFailure({ recordId: rowId(2), reason: 'a text is longer than its column' });
  world.pass(3600);
  world.logFailure({ recordId: undefined, notificationTime: undefined });
  await ingestFailures(world.ports);
  expect(world.failures()).toMatchObject([
    { recordId: rowId(1), cause: 'constraint', state: 'waiting', profileId, attempts: 0 },
    { recordId: rowId(2), cause: 'text-too-long', state: 'waiting' },
    { recordId: undefined, state: 'waiting' },
  ]);
  expect(eventsOf(world, 'automation.failure.ingested')).toEqual([
    { profileId, profileName: 'Sales', table: 'account', cause: 'constraint', failures: 1 },
    { profileId, profileName: 'Sales', table: 'account', cause: 'text-too-long', failures: 1 },
    { profileId, profileName: 'Sales', table: 'account', cause: 'constraint', failures: 1 },
  ]);
});

test('an entry that a crash of the exporter wrote twice is one failure', async () => {
  const world = smallWorld();
  world.logFailure({ recordId: rowId(1) });
  world.logFailure({ recordId: rowId(1) });
  await ingestFailures(world.ports);
  expect(world.failures()).toHaveLength(1);
});

test('an entry without a time is another failure in the log of another hour', async () => {
  const world = smallWorld();
  const undated = { recordId: undefined, notificationTime: undefined };
  world.logFailure(undated);
  world.logFailure(undated);
  world.pass(3600);
  world.logFailure(undated);
  await ingestFailures(world.ports);
  expect(world.failures()).toHaveLength(2);
});

test('a blob of many entries goes to the ledger in batches, and its watermark behind them', async () => {
  const world = smallWorld();
  for (let row = 0; row < 1200; row++) world.logFailure({ recordId: rowId(row) });
  const batches: number[] = [];
  const marks: number[] = [];
  const ledger: typeof world.ledger = {
    ...world.ledger,
    add: (failures) => {
      batches.push(failures.length);
      return world.ledger.add(failures);
    },
    setWatermarks: (profile, given) => {
      marks.push(...given.map(({ offset }) => offset));
      return world.ledger.setWatermarks(profile, given);
    },
  };
  await ingestFailures({ ...world.ports, ledger });
  expect(Math.max(...batches)).toBeLessThan(1000);
  expect(batches.length).toBeGreaterThan(1);
  expect(marks).toEqual(marks.toSorted((a, b) => a - b));
  expect(world.failures()).toHaveLength(1200);
});

test('text that no grammar fits is kept as evidence, counted, and holds nothing back', async () => {
  const world = smallWorld();
  world.append('nonsense\nmore of it\n');
  world.logFailure({ recordId: rowId(1) });
  await ingestFailures(world.ports);
  await ingestFailures(world.ports);
  expect(world.failures()).toHaveLength(1);
  expect([...world.ledger.quarantined.values()].map(({ text }) => text).join('')).toContain('more of it');
  expect(eventsOf(world, 'automation.text.quarantined')).toMatchObject([{ profileId, profileName: 'Sales' }]);
});

test('a blob that cannot be read does not hold back the others, and is read later', async () => {
  const world = smallWorld();
  world.logFailure({ recordId: rowId(1) });
  world.pass(3600);
  world.logFailure({ recordId: rowId(2) });
  let isBroken = true;
  const { failureBlobs } = world.ports;
  const ports = {
    ...world.ports,
    failureBlobs: {
      list: failureBlobs.list,
      read: async (...[link, name, ...range]: Parameters<typeof failureBlobs.read>) => {
        if (isBroken && name.includes('/08/'))
          throw new ServiceError('STORAGE_UNAVAILABLE', 'Cannot read the blob: storage is away.');
        return failureBlobs.read(link, name, ...range);
      },
    },
  };
  await ingestFailures(ports);
  expect(world.failures()).toMatchObject([{ recordId: rowId(2) }]);
  expect(world.lines).toEqual([
    expect.stringMatching(/^warn Reading blob "failurelog\/.*" of profile "Sales"/),
  ]);
  isBroken = false;
  await ingestFailures(ports);
  expect(world.failures()).toHaveLength(2);
});

test.each([
  new ServiceError('EXPORTER_REFUSED', 'Cannot read the failure link of the exporter: it answered 403.'),
  new Error('a defect'),
])('a profile in trouble does not hold back the others (%s)', async (trouble) => {
  const world = smallWorld();
  const [profile] = world.profiles();
  if (!profile) throw new Error('There is no profile.');
  world.setProfiles([{ ...profile, id: 'broken', name: 'Broken' }, profile]);
  world.logFailure({ recordId: rowId(1) });
  const exporter = {
    ...world.ports.exporter,
    failureLink: async (id: string) => {
      if (id === 'broken') throw trouble;
      return world.ports.exporter.failureLink(id);
    },
  };
  const run = ingestFailures({ ...world.ports, exporter });
  // A defect is told to the host, but only after everything else is done.
  if (trouble instanceof ServiceError) await run;
  else await expect(run).rejects.toThrow('a defect');
  expect(world.failures()).toHaveLength(1);
  expect(world.lines.filter((line) => line.includes('"Broken"'))).toHaveLength(
    trouble instanceof ServiceError ? 1 : 0,
  );
});

test('an exporter that cannot be asked is asked again later', async () => {
  const world = smallWorld();
  world.outages.set(
    'exporter',
    new ServiceError('EXPORTER_UNREACHABLE', 'Cannot read the profiles: it is off.'),
  );
  await ingestFailures(world.ports);
  await pollStatus(world.ports);
  expect(world.lines).toHaveLength(2);
  expect(world.lines.join()).not.toContain('error ');
});

test('what a reason blames is kept, and a failure that a version without it has stored is still read', async () => {
  const world = smallWorld();
  world.logFailure({ recordId: rowId(1), reason: 'Error Number:2628. Value too long for type varchar(160)' });
  world.logFailure({ recordId: rowId(2), reason: 'Dragon 7 came.' });
  await ingestFailures(world.ports);
  expect(world.failures()).toMatchObject([
    { cause: 'text-too-long', fields: { length: 160 }, pattern: undefined },
    { cause: 'unknown', fields: {}, pattern: 'Dragon # came.' },
  ]);
  for (const failure of world.failures()) {
    expect(failureSchema.parse(JSON.parse(JSON.stringify(failure)))).toEqual(failure);
    const { fields, pattern, ...stored } = failure;
    expect(failureSchema.parse(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  }
});

test('the status of each profile is kept with the time it was seen, and told to telemetry', async () => {
  const world = smallWorld();
  await pollStatus(world.ports);
  world.pass(60);
  await pollStatus(world.ports);
  expect(world.snapshots.map(({ seenAt }) => seenAt)).toEqual([
    '2026-01-05T08:01:00.250Z',
    '2026-01-05T08:00:00.250Z',
  ]);
  expect(eventsOf(world, 'automation.profile.polled')[0]).toEqual({
    profileId,
    profileName: 'Sales',
    state: 'active',
    tables: 1,
    tablesInitiallySynced: 1,
    successCount: 0,
    failureCount: 0,
  });
});
