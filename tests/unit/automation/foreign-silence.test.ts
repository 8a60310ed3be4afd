import { describe, expect, test } from 'vitest';
import { ingestFailures } from '../../../shared/automation/ingest-failures.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { planProbe, refusedRows, statesOf, type World } from './refused-rows.ts';
import { profileId, rowId, smallWorld } from './small-world.ts';

/** Rows that a foreign exporter has logged and still refuses; the automation has read its log. */
async function refusedByForeigner(rows: number): Promise<World> {
  const world = smallWorld({ hasRowVersions: false, retouchMaxAttempts: 100 });
  refusedRows(world, rows);
  world.exportChanges();
  await world.runTimer();
  return world;
}

/** The log can be listed and not read, until the returned function is called. */
function closeLog(world: World): () => void {
  const { failureBlobs } = world.ports;
  const read = async () => {
    throw new ServiceError('STORAGE_UNAVAILABLE', 'Cannot read the blob: storage is away.');
  };
  Object.assign(world.ports, { failureBlobs: { list: failureBlobs.list, read } });
  return () => Object.assign(world.ports, { failureBlobs });
}

const accountsOf = (world: World) => world.failures().filter(({ entity }) => entity === 'account');
const healedOf = (world: World) => accountsOf(world).filter(({ state }) => state === 'healed');

describe('the silence of an exporter that cannot tell versions proves nothing', () => {
  test('while its log cannot be read: the row waits, for hours, in one attempt', async () => {
    const world = await refusedByForeigner(250);
    const openLog = closeLog(world);
    await world.live(180);
    expect(statesOf(world)).toEqual({ retouching: 1, waiting: 249 });
    expect(accountsOf(world).filter(({ state }) => state === 'retouching')).toMatchObject([{ attempts: 1 }]);
    expect(world.touched).toEqual([rowId(1)]);
    openLog();
    await world.live(1);
    expect(healedOf(world)).toEqual([]);
    expect(world.failuresOf(1)[0]).toMatchObject({ note: expect.stringMatching(/^Failed again/) });
    world.refused.clear();
    await world.live(60);
    expect(Object.keys(statesOf(world))).toEqual(['healed']);
  });

  test('until a backlog of its log is read to the end', async () => {
    const world = await refusedByForeigner(50);
    Object.assign(world.ports, { ingestSeconds: 0 });
    // A run reads 500 of them, and they are listed before the log of this hour.
    const backlog = Array.from(
      { length: 5_000 },
      (_, row) =>
        `Entity: contact, RecordId: ${rowId(row)}, NotificationTime: , ChangeType: New, FailureReason: x\n`,
    );
    world.blobs.set('failurelog/2026/01/05/07/log.txt', Buffer.from(backlog.join('')));
    await world.live(9);
    expect(healedOf(world)).toEqual([]);
    expect(world.touched).toEqual([rowId(1)]);
    world.refused.clear();
    await world.live(25);
    expect(healedOf(world).length).toBe(accountsOf(world).length);
  });

  test('while it may still try the row by its retry policy', async () => {
    const world = await refusedByForeigner(50);
    const retryPolicy = { maxRetryCount: 20, intervalSeconds: 60 };
    world.setProfiles(world.profiles().map((profile) => ({ ...profile, retryPolicy })));
    world.exportChanges = () => {};
    await world.live(2);
    expect(world.touched).toEqual([rowId(1)]);
    await world.live(19);
    world.logFailure({ recordId: rowId(1) });
    await world.live(10);
    expect(healedOf(world)).toEqual([]);
    expect(world.failuresOf(1)[0]).toMatchObject({
      history: expect.arrayContaining([
        expect.objectContaining({ note: 'Failed again after it was written again.' }),
      ]),
    });
  });

  test('where a failure was read between the look at the failures and the look at the log', async () => {
    const world = smallWorld({ hasRowVersions: false });
    await planProbe(world, 1);
    await world.deliver();
    world.pass(200);
    world.logFailure({ recordId: rowId(1) });
    world.pass(200);
    const { ledger } = world.ports;
    const ofRows: typeof ledger.ofRows = async (...rows) => {
      const found = await ledger.ofRows(...rows);
      await ingestFailures({ ...world.ports, ledger });
      return found;
    };
    Object.assign(world.ports, { ledger: { ...world.ledger, ofRows } });
    await world.deliver();
    expect(healedOf(world)).toEqual([]);
  });
});

describe('up to when a log was read', () => {
  const readUpTo = (world: World) => world.ledger.readUpTo(profileId);

  test('is when its listing began, though it was read for longer', async () => {
    const world = smallWorld();
    world.logFailure({ recordId: rowId(1) });
    const listedAt = world.now().toISOString();
    const { add } = world.ledger;
    const ledger: typeof world.ledger = {
      ...world.ledger,
      add: (failures) => {
        world.pass(100);
        return add(failures);
      },
    };
    await ingestFailures({ ...world.ports, ledger });
    expect(await readUpTo(world)).toBe(listedAt);
  });

  test('stays while a blob is gone or shorter than listed, or ends in the middle of an entry', async () => {
    const world = smallWorld();
    world.logFailure({ recordId: rowId(1) });
    const { failureBlobs } = world.ports;
    const gone = { list: failureBlobs.list, read: async () => undefined };
    await ingestFailures({ ...world.ports, failureBlobs: gone });
    expect(await readUpTo(world)).toBeUndefined();
    const read: typeof failureBlobs.read = (link, name, offset, end) =>
      failureBlobs.read(link, name, offset, end - 1);
    await ingestFailures({ ...world.ports, failureBlobs: { ...failureBlobs, read } });
    expect(await readUpTo(world)).toBeUndefined();
    await ingestFailures(world.ports);
    const before = await readUpTo(world);
    expect(before).toBe(world.now().toISOString());
    world.pass(60);
    world.append(
      `Entity: account, RecordId: ${rowId(2)}, NotificationTime: , ChangeType: New, FailureReason: be`,
    );
    await ingestFailures(world.ports);
    expect(await readUpTo(world)).toBe(before);
    await ingestFailures(world.ports);
    expect(await readUpTo(world)).toBe(world.now().toISOString());
  });
});
