import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ingestFailures } from '../../../shared/automation/ingest-failures.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { writeFailureLine } from '../../../shared/model/failure-line.ts';
import { Crash, profileId, rowId, smallWorld } from './small-world.ts';

const time = '2026-01-05T08:00:00.000Z';
const line = (row: number, reason = `reason ${row}`) =>
  writeFailureLine({
    entity: 'account',
    recordId: rowId(row),
    notificationTime: time,
    changeType: 'New',
    reason,
  });
/** As the old service wrote it: a reason may go on in the next line. */
const oldLine = (row: number) =>
  `Entity: account, RecordId: ${rowId(row)}, NotificationTime: 1/5/2026 8:00:00 AM, ChangeType: New, FailureReason: reason ${row}, "quoted".\nThe statement has been terminated.\n`;
const log = 'failurelog/2026/01/05/08/00001.log';

type World = ReturnType<typeof smallWorld>;
const rowsOf = (world: World) =>
  world
    .failures()
    .map(({ recordId }) => Number(recordId?.slice(-12)))
    .sort((a, b) => a - b);
const quarantineOf = (world: World) => [...world.ledger.quarantined.values()].map(({ text }) => text);
const put = (world: World, text: string, name = log) => world.blobs.set(name, Buffer.from(text));
const found = (world: World) =>
  world.events.filter(({ name }) => name === 'automation.notification.found').map(({ data }) => data);

describe('a blob', () => {
  test('that ends in the middle of an entry is read to there, and the entry when it is whole', async () => {
    const world = smallWorld();
    const whole = line(1) + line(2) + line(3);
    // The line may turn out to be one of the reason before it, which therefore waits too.
    put(world, whole.slice(0, -12));
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([1]);
    put(world, whole + line(4));
    await ingestFailures(world.ports);
    expect(world.failures().map(({ reason }) => reason)).toEqual([1, 2, 3, 4].map((row) => `reason ${row}`));
    expect(quarantineOf(world)).toEqual([]);
  });

  test('whose last entry has no line end is read to its end when nobody writes to it any more', async () => {
    const world = smallWorld();
    put(world, (line(1) + line(2)).trimEnd());
    await ingestFailures(world.ports);
    await ingestFailures(world.ports);
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([1, 2]);
  });

  test.each([
    ['shorter', line(7)],
    ['as long', line(8)],
    ['longer', line(7) + line(8) + line(9)],
  ])('that is written anew and is %s is read from its beginning', async (_, text) => {
    const world = smallWorld();
    put(world, line(1));
    await ingestFailures(world.ports);
    put(world, text);
    await ingestFailures(world.ports);
    const rows = [...text.matchAll(/reason (\d)/g)].map(([, row]) => Number(row));
    expect(rowsOf(world)).toEqual([1, ...rows]);
    expect(quarantineOf(world)).toEqual([]);
  });

  test('that is deleted between list and read troubles nobody, and is forgotten', async () => {
    const world = smallWorld();
    put(world, line(1));
    put(world, line(2), 'failurelog/2026/01/05/09/00001.log');
    const { failureBlobs } = world.ports;
    const read: typeof failureBlobs.read = async (link, name, ...range) => {
      if (name === log) world.blobs.delete(log);
      return failureBlobs.read(link, name, ...range);
    };
    await ingestFailures({ ...world.ports, failureBlobs: { ...failureBlobs, read } });
    expect(rowsOf(world)).toEqual([2]);
    expect(world.lines).toEqual([]);
    world.blobs.clear();
    await ingestFailures(world.ports);
    expect((await world.ledger.watermarks(profileId)).size).toBe(0);
  });

  test('that grows or shrinks while it is read loses and doubles nothing', async () => {
    const world = smallWorld();
    const early = Array.from({ length: 40 }, (_, row) => line(row)).join('');
    put(world, early);
    const { failureBlobs } = world.ports;
    const runWhile = async (written: string) => {
      const read: typeof failureBlobs.read = async (...call) => {
        put(world, written);
        return failureBlobs.read(...call);
      };
      await ingestFailures({ ...world.ports, failureBlobs: { ...failureBlobs, read } });
    };
    await runWhile(early + line(40));
    expect(rowsOf(world)).toEqual([...Array(40).keys()]);
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([...Array(41).keys()]);
    put(world, early + line(40) + line(41));
    await runWhile(line(50));
    await runWhile(line(50) + line(51));
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([...Array(41).keys(), 50, 51]);
    expect(quarantineOf(world)).toEqual([]);
  });

  test('that is listed late, behind others of its hour, is read', async () => {
    const world = smallWorld();
    put(world, line(2), 'failurelog/2026/01/05/08/00002.log');
    await ingestFailures(world.ports);
    put(world, line(1));
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([1, 2]);
  });

  test('that two instances read at the same moment is in the ledger once', async () => {
    const world = smallWorld();
    put(world, Array.from({ length: 1500 }, (_, row) => line(row)).join(''));
    await Promise.all([ingestFailures(world.ports), ingestFailures(world.ports)]);
    expect(rowsOf(world)).toEqual([...Array(1500).keys()]);
    const told = world.events.filter(({ name }) => name === 'automation.failure.ingested');
    expect(told.reduce((sum, { data }) => sum + Number(data.failures), 0)).toBe(1500);
  });

  test('however it is written, listed, cut and read between crashes, gives each of its entries once', async () => {
    const history = fc.record({
      entries: fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
      // What stays as it is from one run to the next is taken for whole, so it is cut at another place each time.
      cuts: fc.uniqueArray(fc.nat(4000), { maxLength: 6 }),
      deaths: fc.array(fc.nat(30), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ entries, cuts, deaths }) => {
        const one = smallWorld();
        const lines = entries.map((isOld, row) => (isOld ? oldLine(row) : line(row)));
        const text = lines.join('');
        // An old entry that is cut just behind its first line cannot be told from a whole one.
        const isTelling = (cut: number) => cut < text.length && !text.slice(cut).startsWith('The statement');
        for (const cut of cuts.filter(isTelling).sort((a, b) => a - b)) {
          put(one, text.slice(0, cut));
          one.dieAtCall(deaths.shift() ?? Number.POSITIVE_INFINITY);
          await ingestFailures(one.ports).catch((error) => {
            if (!(error instanceof Crash)) throw error;
          });
        }
        one.dieAtCall(Number.POSITIVE_INFINITY);
        put(one, text);
        await ingestFailures(one.ports);
        expect(rowsOf(one)).toEqual([...lines.keys()]);
        for (const { reason, recordId } of one.failures())
          expect(reason).toContain(`reason ${Number(recordId?.slice(-12))}`);
        expect(quarantineOf(one)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the folders of a container', () => {
  test('that hold logs are all read, whatever the case of their names', async () => {
    const world = smallWorld();
    put(world, line(1));
    put(world, line(2), 'forcerefreshfailurelog/2026/01/05/08/00001.log');
    put(world, line(3), 'UnprocessableMessages/2026/01/05/08/00001.log');
    await ingestFailures(world.ports);
    expect(rowsOf(world)).toEqual([1, 2, 3]);
  });

  test('that hold notifications are counted, each write once, and nothing of them is copied', async () => {
    const world = smallWorld();
    const names = [
      'data/1.json',
      'data/2.json',
      'metadata/1.json',
      'unprocessablemessages/1.json',
      'odd.bin',
    ];
    for (const name of names) put(world, '{"name":"a row value"}', name);
    await ingestFailures(world.ports);
    await ingestFailures(world.ports);
    const common = { profileId, profileName: 'Sales' };
    expect(found(world)).toEqual([
      { ...common, folder: 'data', blobs: 2, bytes: 44 },
      { ...common, folder: 'metadata', blobs: 1, bytes: 22 },
      { ...common, folder: 'other', blobs: 1, bytes: 22 },
      { ...common, folder: 'unprocessablemessages', blobs: 1, bytes: 22 },
    ]);
    put(world, '{"name":"another value"}', 'data/2.json');
    await ingestFailures(world.ports);
    expect(found(world).at(-1)).toEqual({ ...common, folder: 'data', blobs: 1, bytes: 24 });
    expect(JSON.stringify([world.events, world.lines, quarantineOf(world)])).not.toContain('value');
  });

  test('are counted before that is written down, so that a crash between loses none', async () => {
    const world = smallWorld();
    put(world, '{"name":"a row value"}', 'data/1.json');
    const setWatermarks = () => Promise.reject(new ServiceError('STORAGE_UNAVAILABLE', 'Cannot write: 503.'));
    await ingestFailures({ ...world.ports, ledger: { ...world.ledger, setWatermarks } });
    expect(found(world)).toMatchObject([{ folder: 'data', blobs: 1 }]);
    await ingestFailures(world.ports);
    await ingestFailures(world.ports);
    expect(found(world)).toHaveLength(2);
  });
});

describe('the time of a run', () => {
  const hours = [8, 9, 10].map((hour) => `failurelog/2026/01/05/${String(hour).padStart(2, '0')}/00001.log`);

  test('is shared by the profiles, and what is left over is read by the next runs', async () => {
    const world = smallWorld();
    const [profile] = world.profiles();
    if (!profile) throw new Error('There is no profile.');
    world.setProfiles([{ ...profile, id: 'other', name: 'Other' }, profile]);
    for (const [index, name] of hours.entries()) put(world, line(index), name);
    const { ledger } = world;
    const read: string[] = [];
    // Each write to the ledger takes a minute; a run has two, so that each profile has one.
    const slow = {
      ...ledger,
      setWatermarks: async (id: string, given: Parameters<typeof ledger.setWatermarks>[1]) => {
        read.push(id);
        world.pass(60);
        await ledger.setWatermarks(id, given);
      },
    };
    const run = async () => {
      read.length = 0;
      await ingestFailures({ ...world.ports, ledger: slow, ingestSeconds: 120 });
      return [...read];
    };
    expect(await run()).toEqual(['other', profileId]);
    expect(await run()).toEqual(['other', profileId]);
    expect(await run()).toEqual(['other', profileId]);
    expect(await run()).toEqual([]);
    expect(rowsOf(world)).toEqual([0, 1, 2]);
  });

  test('may end before all blobs that are gone are forgotten, a hundred at least', async () => {
    const world = smallWorld();
    for (let blob = 0; blob < 250; blob++) put(world, '{}', `data/${blob}.json`);
    await ingestFailures(world.ports);
    world.blobs.clear();
    const left: number[] = [];
    for (let run = 0; run < 3; run++) {
      await ingestFailures({ ...world.ports, ingestSeconds: 0 });
      left.push((await world.ledger.watermarks(profileId)).size);
    }
    expect(left).toEqual([150, 50, 0]);
  });

  test('may end in the middle of a blob, which is then gone on with from there', async () => {
    const world = smallWorld();
    put(world, Array.from({ length: 1700 }, (_, row) => line(row)).join(''));
    let runs = 0;
    while (world.failures().length < 1700 && runs < 10) {
      await ingestFailures({ ...world.ports, ingestSeconds: 0 });
      runs += 1;
      expect(world.failures().length).toBeGreaterThanOrEqual(Math.min(1700, 450 * runs));
    }
    expect(runs).toBeGreaterThan(2);
    expect(rowsOf(world)).toEqual([...Array(1700).keys()]);
  });
});
