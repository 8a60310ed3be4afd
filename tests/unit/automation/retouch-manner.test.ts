import { describe, expect, test } from 'vitest';
import { takeTurn } from '../../../shared/automation/retouch-pace.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { eventsOf, planProbe, refusedRows, statesOf, type World } from './refused-rows.ts';
import { organization, rowId, smallWorld } from './small-world.ts';

/** Lives and tells how many rows were written in each minute. */
async function writesOfMinutes(world: World, minutes: number): Promise<readonly number[]> {
  const writes: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const before = world.touched.length;
    await world.live(1);
    writes.push(world.touched.length - before);
  }
  return writes;
}

describe('the pace of re-touches', () => {
  test('is what the setting allows a minute: no faster, and not much slower', async () => {
    const world = smallWorld({ retouchWritesPerMinute: 200 });
    await planProbe(world, 2001);
    const writes = await writesOfMinutes(world, 14);
    expect(Math.max(...writes)).toBeLessThanOrEqual(200);
    expect(writes.filter((count) => count === 200).length).toBeGreaterThanOrEqual(9);
    expect(statesOf(world)).toEqual({ healed: 2001 });
    expect(world.touched).toHaveLength(2001);
  });

  test('takes no row that waits for its turn for one that was lost', async () => {
    const world = smallWorld({ retouchWritesPerMinute: 20, verifyTimeoutSeconds: 60 });
    await planProbe(world, 501);
    await world.live(33);
    expect(statesOf(world)).toEqual({ healed: 501 });
    expect(world.failures().every(({ attempts }) => attempts === 1)).toBe(true);
    expect(world.touched).toHaveLength(501);
  });

  test('stays the same when all messages come at once after an outage', async () => {
    const world = smallWorld({ retouchWritesPerMinute: 200 });
    await planProbe(world, 1001);
    while (statesOf(world).retouching !== 1000) {
      await world.deliver();
      world.exportChanges();
      world.pass(10);
    }
    world.pass(3600);
    const writes = await writesOfMinutes(world, 9);
    expect(Math.max(...writes)).toBeLessThanOrEqual(200);
    expect(statesOf(world)).toEqual({ healed: 1001 });
    expect(world.touched).toHaveLength(1001);
  });

  test('is one of all instances and tables; a probe goes at once, on account of the others', async () => {
    const { ports, now } = smallWorld({ retouchWritesPerMinute: 100 });
    const turns = await Promise.all(
      ([100, 50, 'probe', 100] as const).map((rows) => takeTurn(organization.id, rows, ports)),
    );
    const seconds = turns.map((turn) => ((turn?.getTime() ?? Number.NaN) - now().getTime()) / 1000);
    expect(seconds).toEqual([0, 60, 0, 90.6]);
    expect(await takeTurn('another', 100, ports)).toEqual(now());
  });

  test('leaves rows waiting whose turn would be hours away, until it is near', async () => {
    const world = smallWorld({ retouchWritesPerMinute: 1 });
    await planProbe(world, 601);
    await world.live(3);
    const { retouching = 0, waiting = 0 } = statesOf(world);
    expect(retouching).toBeGreaterThan(350);
    expect(waiting).toBeGreaterThan(200);
    const writes = await writesOfMinutes(world, 620);
    expect(Math.max(...writes)).toBe(1);
    expect(statesOf(world)).toEqual({ healed: 601 });
  });
});

describe('quiet re-touches', () => {
  test('are written without plug-ins and flows when the setting says so, and else as any write', async () => {
    for (const isRetouchQuiet of [true, false]) {
      const world = smallWorld({ isRetouchQuiet });
      await planProbe(world, 3);
      await world.live(3);
      expect(world.quiet).toEqual(Array(3).fill(isRetouchQuiet ? 'plug-ins,flows' : ''));
    }
  });

  test('let plug-ins run where the privilege is missing, with one warning, and ask again after a day', async () => {
    const world = smallWorld({ isRetouchQuiet: true });
    world.refuseBypass(true);
    await planProbe(world, 20);
    await world.live(3);
    expect(statesOf(world)).toEqual({ healed: 20 });
    expect(world.quiet).toEqual(Array(20).fill('flows'));
    expect(world.lines).toEqual([
      expect.stringMatching(/^warn Cannot keep re-touches.*prvBypassCustomBusinessLogic/),
    ]);

    world.refuseBypass(false);
    world.pass(86_400);
    world.source.put('account', rowId(1), { name: 'again' });
    world.logFailure({ recordId: rowId(1) });
    await world.live(3);
    expect(world.quiet.at(-1)).toBe('plug-ins,flows');
  });

  test('that lack the privilege to write at all are refused, and blame nothing else', async () => {
    const world = smallWorld({ isRetouchQuiet: true });
    await planProbe(world, 1);
    world.refusedWrites.set(
      rowId(1),
      new ServiceError('DATAVERSE_PRIVILEGE_MISSING', 'Cannot write the row: prvWriteAccount is missing.'),
    );
    await world.deliver();
    expect(world.failures()).toMatchObject([
      { state: 'waiting', note: expect.stringMatching(/prvWriteAccount/) },
    ]);
    expect(world.lines.filter((line) => line.includes('quiet') || line.includes('keep'))).toEqual([]);
    expect((await world.touchFacts.of(organization.id)).quietRefusedAt).toBeUndefined();
  });
});

describe('a dry run', () => {
  test('writes nothing, tells what it would do, and loses no attempt', async () => {
    const world = smallWorld({ isRetouchDryRun: true });
    await planProbe(world, 5);
    world.source.delete('account', rowId(2));
    await world.live(20);
    expect(world.touched).toEqual([]);
    expect(statesOf(world)).toEqual({ waiting: 5 });
    expect(world.failures().every(({ attempts }) => attempts === 0)).toBe(true);
    expect(world.failuresOf(1)).toMatchObject([
      { note: 'Dry run: would be written again, column "importsequencenumber".' },
    ]);
    expect(world.failuresOf(2)).toMatchObject([{ note: 'Dry run: the row was deleted in Dataverse.' }]);
    const outcomes = eventsOf(world, 'automation.row.retouched').map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['would-write', 'would-be-gone']));
    expect(world.lines[0]).toMatch(/^info Dry run: would write 1 of 1 rows of table "account"/);
  });

  test('says why a table cannot be re-touched, and does not give its rows up', async () => {
    const world = smallWorld({ isRetouchDryRun: true });
    const definition = await world.source.dataverse.tableDefinition('account');
    world.source.define({ ...definition, hasOptimisticConcurrency: false });
    refusedRows(world, 1);
    await world.live(5);
    expect(world.failures()).toMatchObject([
      {
        state: 'waiting',
        note: expect.stringMatching(/^Dry run: would need attention\. Rows of table "account" cannot/),
      },
    ]);
  });
});
