import { describe, expect, it } from 'vitest';
import {
  aTable,
  type DestinationUnderTest,
  idOf,
  later,
  rowOf,
  startDestination,
} from './destination-start.ts';

/** How a table is read again into its rows. */
export function describeReloads(make: () => Promise<DestinationUnderTest>): void {
  const start = () => startDestination(make);

  describe('a reload', () => {
    const reload = { mode: 'reload', readAt: later } as const;

    it('sweeps what it has not seen, in steps, with the delete log', async () => {
      const { destination, first, write, names, deleteLog } = await start();
      let turn = (await write(first, { rows: [1, 2, 3, 4].map((number) => rowOf(number, number)) }))
        .checkpoint;
      turn = await destination.restart('account', turn);
      turn = (await write(turn, { ...reload, rows: [rowOf(2, 2), rowOf(5, 5)] })).checkpoint;
      const sweep = { table: aTable, before: later, limit: 2, advance: { phase: 'delta' } } as const;
      const rest = { isDeleteLogged: true, sweptAt: later };
      const one = await destination.sweep({ ...sweep, ...rest, turn });
      expect(one).toMatchObject({ deletedCount: 2, checkpoint: { phase: 'identity' } });
      const stale = destination.sweep({ ...sweep, ...rest, turn });
      await expect(stale).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
      const two = await destination.sweep({ ...sweep, ...rest, turn: one.checkpoint });
      expect(two).toMatchObject({ deletedCount: 1, checkpoint: { phase: 'delta' } });
      expect(await names()).toEqual({ [idOf(2)]: 'account 2', [idOf(5)]: 'account 5' });
      expect((await deleteLog()).map(({ version }) => version).sort()).toEqual(['1', '3', '4']);
    });

    it('sweeps neither a row that was refused nor one that is older than what is stored', async () => {
      const { destination, first, write, names } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 1), rowOf(2, 9)] })).checkpoint;
      turn = await destination.restart('account', turn);
      const tooLong = { name: 'far too long for this column' };
      turn = (await write(turn, { ...reload, rows: [rowOf(1, 5, tooLong), rowOf(2, 9)] })).checkpoint;
      const given = await destination.dueRejectedRows('account', later, 10);
      expect(given).toMatchObject([{ id: idOf(1), changeType: 'Update' }]);
      await destination.giveUpRejectedRows('account', given, later);
      const step = { table: aTable, turn, before: later, limit: 10, advance: {}, sweptAt: later };
      expect(await destination.sweep({ ...step, isDeleteLogged: true })).toMatchObject({ deletedCount: 0 });
      expect(Object.keys(await names())).toHaveLength(2);
    });

    const loadStartedAt = '2026-11-23T10:04:00.000Z';
    const before = new Date(loadStartedAt);
    const rest = { advance: {}, limit: 10, isDeleteLogged: true, sweptAt: later };
    const tooLong = { name: 'far too long for this column' };

    it('brings back the versions of an organization that was restored, but not over what this load has written', async () => {
      const { destination, first, write, names } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 90, { name: 'undone' }), rowOf(2, 2)] })).checkpoint;
      turn = await destination.restart('account', turn);
      turn = await destination.advance('account', turn, { loadStartedAt });
      turn = (await write(turn, { ...reload, rows: [rowOf(1, 50), rowOf(2, 7, { name: 'newer' })] }))
        .checkpoint;
      const written = { [idOf(1)]: 'account 1', [idOf(2)]: 'newer' };
      expect(await names()).toEqual(written);
      const older = await write(turn, { ...reload, rows: [rowOf(2, 6)] });
      expect(older).toMatchObject({ writtenCount: 0, rejected: [] });
      await destination.sweep({ table: aTable, turn: older.checkpoint, before, ...rest });
      expect(await names()).toEqual(written);
    });

    it('of a restored organization tries a refused row again, whose stored version was undone, and writes it', async () => {
      const { destination, first, write, due, names } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 90, { name: 'undone' })] })).checkpoint;
      turn = await destination.restart('account', turn);
      turn = await destination.advance('account', turn, { loadStartedAt });
      turn = (await write(turn, { ...reload, rows: [rowOf(1, 50, tooLong)] })).checkpoint;
      const tried = await due();
      expect(tried).toMatchObject([{ id: idOf(1), version: '50' }]);
      const again = { table: aTable, turn, tried, rows: [rowOf(1, 50)], goneIds: [], isDeleteLogged: true };
      await destination.writeRetries({ ...again, readAt: later, nextAttemptAt: later });
      expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
      expect(await due()).toEqual([]);
    });

    it('sweeps a row whose rejection is older than the load, and keeps one that the load saw refused', async () => {
      const { destination, first, write, due, names } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 1), rowOf(2, 2)] })).checkpoint;
      turn = (await write(turn, { rows: [rowOf(1, 3, tooLong), rowOf(2, 4, tooLong)] })).checkpoint;
      turn = await destination.restart('account', turn);
      turn = await destination.advance('account', turn, { loadStartedAt });
      turn = (await write(turn, { ...reload, rows: [rowOf(2, 4, tooLong)] })).checkpoint;
      expect(await destination.sweep({ table: aTable, turn, before, ...rest })).toMatchObject({
        deletedCount: 1,
      });
      expect(await names()).toEqual({ [idOf(2)]: 'account 2' });
      expect(await due()).toMatchObject([{ id: idOf(2), attempts: 1, noticedAt: later.toISOString() }]);
    });

    it('ends its sweep although the database refuses deletes that it refused before', async () => {
      const { destination, first, write, names, refuseDelete } = await start();
      let turn = (await write(first, { rows: [1, 2, 3].map((number) => rowOf(number, number)) })).checkpoint;
      await refuseDelete('account', idOf(1));
      turn = (await write(turn, { deletedIds: [idOf(1)] })).checkpoint;
      turn = await destination.restart('account', turn);
      for (let steps = 0; turn.phase === 'identity'; steps += 1) {
        expect(steps).toBeLessThan(5);
        const step = { ...rest, limit: 1, advance: { phase: 'delta' } } as const;
        turn = (await destination.sweep({ table: aTable, turn, before, ...step })).checkpoint;
      }
      expect(turn.link).toBeUndefined();
      expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
    });
  });

  describe('a refill', () => {
    it('writes rows of the version that is stored, and newer ones, but never older ones, whenever they were written', async () => {
      const { destination, first, write, names } = await start();
      const rows = [rowOf(1, 5), rowOf(2, 5), rowOf(3, 5)];
      let turn = (await write(first, { rows, advance: { phase: 'delta' } })).checkpoint;
      turn = await destination.advance('account', turn, { loadStartedAt: later.toISOString() });
      const again = [4, 5, 6].map((version, index) => rowOf(index + 1, version, { name: 'again' }));
      const { writtenCount } = await write(turn, { mode: 'refill', rows: again });
      expect(writtenCount).toBe(2);
      expect(await names()).toEqual({ [idOf(1)]: 'account 1', [idOf(2)]: 'again', [idOf(3)]: 'again' });
    });

    it('records a refused row of the version that is stored, but no older one, and its retry writes it', async () => {
      const { destination, first, write, names, due, refuseName } = await start();
      const rows = [rowOf(1, 5), rowOf(2, 5)];
      const turn = (await write(first, { rows, advance: { phase: 'delta' } })).checkpoint;
      await refuseName('account', 'again');
      const again = [rowOf(1, 5, { name: 'again' }), rowOf(2, 4, { name: 'again' })];
      const { rejected, checkpoint } = await write(turn, { mode: 'refill', rows: again });
      expect(rejected).toMatchObject([{ id: idOf(1), version: '5', attempts: 1, changeType: 'Update' }]);
      const retry = async () =>
        destination.writeRetries({
          ...{ table: aTable, turn: checkpoint, tried: await due(), rows: [rowOf(1, 5, { name: 'again' })] },
          ...{ goneIds: [], readAt: later, nextAttemptAt: later, isDeleteLogged: true },
        });
      expect((await retry()).rejected).toMatchObject([{ id: idOf(1), attempts: 2 }]);
      await refuseName('account', undefined);
      expect((await retry()).rejected).toEqual([]);
      expect([await names(), await due()]).toEqual([{ [idOf(1)]: 'again', [idOf(2)]: 'account 2' }, []]);
    });

    it('is forgotten when the load begins anew', async () => {
      const { destination, first } = await start();
      const refill = { columns: ['fax'] } as const;
      const turn = await destination.advance('account', first, { phase: 'delta', shape: 'x', refill });
      const anew = await destination.restart('account', turn);
      expect(anew).not.toHaveProperty('refill');
      expect(anew).not.toHaveProperty('shape');
    });
  });
}
