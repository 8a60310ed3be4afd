import { describe, expect, it } from 'vitest';
import {
  aTable,
  type DestinationUnderTest,
  idOf,
  later,
  readAt,
  rowOf,
  startDestination,
} from './destination-start.ts';

/** What becomes of rows and deletes that the database refuses. */
export function describeRefusals(make: () => Promise<DestinationUnderTest>): void {
  const start = () => startDestination(make);

  describe('a row that is refused', () => {
    it('does not hold back the others', async () => {
      const { first, write, names, refuseName, due } = await start();
      await refuseName('account', 'bad');
      const rows = Array.from({ length: 40 }, (_, index) => rowOf(index, index + 1));
      const bad = [
        rowOf(50, 51, { name: 'bad' }),
        rowOf(51, 52, { name: 'far too long for this column' }),
        rowOf(52, 53, { statecode: 2 ** 40 }),
      ];
      const result = await write(first, { rows: [...rows.slice(0, 7), ...bad, ...rows.slice(7)] });
      expect(result).toMatchObject({ writtenCount: 40, checkpoint: { successCount: 40, sequence: 1 } });
      expect(Object.keys(await names())).toHaveLength(40);
      const codes = Object.fromEntries(result.rejected.map(({ id, code }) => [id, code]));
      expect(codes).toEqual({
        [idOf(50)]: 'ROW_CONSTRAINT_VIOLATED',
        [idOf(51)]: 'ROW_TEXT_TOO_LONG',
        [idOf(52)]: 'ROW_NUMBER_OUT_OF_RANGE',
      });
      expect(await due()).toEqual(expect.arrayContaining([...result.rejected]));
    });

    it('is recorded with what a person needs and nothing of the row', async () => {
      const { first, write, destination, due } = await start();
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)] });
      const { rejected } = await write(checkpoint, {
        rows: [rowOf(1, 2, { name: 'SECRET far too long for this column' })],
      });
      expect(rejected).toEqual([
        {
          table: 'account',
          id: idOf(1),
          version: '2',
          changeType: 'Update',
          noticedAt: readAt.toISOString(),
          attempts: 1,
          nextAttemptAt: later.toISOString(),
          code: 'ROW_TEXT_TOO_LONG',
          reason: `Cannot write row "${idOf(1)}" of table "account": column "name" holds at most 20 characters, received 35.`,
          isResync: false,
        },
      ]);
      expect(await destination.nextAttemptAt('account')).toEqual(later);
      expect(await due(readAt)).toEqual([]);
      expect(await due()).toEqual(rejected);
    });

    it('is remembered or not together with its page', async () => {
      const { first, write, due, destination } = await start();
      const tooLong = rowOf(1, 1, { name: 'far too long for this column' });
      await write(first, { rows: [rowOf(2, 1)] });
      await expect(write(first, { rows: [tooLong] })).rejects.toMatchObject({
        code: 'DESTINATION_TURN_LOST',
      });
      expect(await due()).toEqual([]);
      expect(await destination.nextAttemptAt('account')).toBeUndefined();
    });

    it('loses its record when a newer version is written, or the row deleted', async () => {
      const { first, write, due } = await start();
      const tooLong = { name: 'far too long for this column' };
      let { checkpoint } = await write(first, { rows: [rowOf(1, 1, tooLong), rowOf(2, 2, tooLong)] });
      expect(await due()).toHaveLength(2);
      ({ checkpoint } = await write(checkpoint, { rows: [rowOf(1, 3)] }));
      expect(await due()).toMatchObject([{ id: idOf(2), changeType: 'New' }]);
      await write(checkpoint, { deletedIds: [idOf(2)] });
      expect(await due()).toEqual([]);
    });

    it('keeps its attempts when the same version comes again, and begins anew with a newer one', async () => {
      const { destination, first, write, due } = await start();
      const tooLong = { name: 'far too long for this column' };
      let { checkpoint } = await write(first, { rows: [rowOf(1, 1, tooLong)] });
      const tried = await due();
      const retry = {
        table: aTable,
        turn: checkpoint,
        tried,
        goneIds: [],
        isDeleteLogged: true,
        readAt,
        nextAttemptAt: later,
      };
      await destination.writeRetries({ ...retry, rows: [rowOf(1, 1, tooLong)] });
      ({ checkpoint } = await write(checkpoint, { rows: [rowOf(1, 1, tooLong)] }));
      expect(await due()).toMatchObject([{ version: '1', attempts: 2 }]);
      await write(checkpoint, { rows: [rowOf(1, 4, tooLong)] });
      expect(await due()).toMatchObject([{ version: '4', attempts: 1 }]);
    });

    it('is no failure when the table has a newer version already', async () => {
      const { first, write, due, names } = await start();
      const { checkpoint } = await write(first, { rows: [rowOf(1, 5)] });
      const old = rowOf(1, 4, { name: 'far too long for this column' });
      expect(await write(checkpoint, { rows: [old] })).toMatchObject({ rejected: [] });
      expect(await due()).toEqual([]);
      expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
    });
  });

  describe('a retry', () => {
    const tooLong = { name: 'far too long for this column' };

    it('writes what it can, forgets what is gone, and counts an attempt for the rest', async () => {
      const { destination, first, write, names, due } = await start();
      const rows = [1, 2, 3, 4].map((number) => rowOf(number, number, tooLong));
      const { checkpoint } = await write(first, { rows });
      const tried = await due();
      const nextAttemptAt = new Date('2026-11-23T11:00:00.000Z');
      const { rejected } = await destination.writeRetries({
        table: aTable,
        turn: checkpoint,
        tried,
        rows: [rowOf(1, 11), rowOf(2, 12, tooLong)],
        goneIds: [idOf(3)],
        isDeleteLogged: true,
        readAt: later,
        nextAttemptAt,
      });
      expect(rejected).toHaveLength(2);
      expect(await due()).toEqual([]);
      expect(await due(nextAttemptAt)).toMatchObject([
        { id: idOf(2), version: '12', attempts: 2, noticedAt: readAt.toISOString() },
        { id: idOf(4), version: '4', attempts: 2 },
      ]);
      expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
      const { epoch, sequence } = checkpoint;
      expect(await destination.checkpoint('account')).toMatchObject({ epoch, sequence, successCount: 2 });
    });

    it('deletes a row that is gone, whatever had been refused about it', async () => {
      const { destination, first, write, names, due, deleteLog } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 1), rowOf(2, 2)] })).checkpoint;
      turn = (await write(turn, { rows: [rowOf(1, 5, tooLong)] })).checkpoint;
      const tried = await due();
      expect(tried).toMatchObject([{ changeType: 'Update' }]);
      const gone = { rows: [], goneIds: [idOf(1)], isDeleteLogged: true, readAt, nextAttemptAt: later };
      await destination.writeRetries({ table: aTable, turn, tried, ...gone });
      expect(await names()).toEqual({ [idOf(2)]: 'account 2' });
      expect(await due()).toEqual([]);
      expect(await deleteLog()).toMatchObject([{ id: idOf(1), version: '1' }]);
    });

    it('does not touch a record that a page has replaced meanwhile', async () => {
      const { destination, first, write, due } = await start();
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1, tooLong)] });
      const tried = await due();
      const moved = await write(checkpoint, { rows: [rowOf(1, 2, tooLong)] });
      const retry = { table: aTable, tried, goneIds: [], isDeleteLogged: true, readAt, nextAttemptAt: later };
      const stale = destination.writeRetries({ ...retry, turn: checkpoint, rows: [rowOf(1, 1)] });
      await expect(stale).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
      const late = { ...retry, turn: moved.checkpoint, rows: [rowOf(1, 1)] };
      expect(await destination.writeRetries(late)).toEqual({ rejected: [] });
      expect(await due()).toMatchObject([{ version: '2', attempts: 1 }]);
    });

    it('cannot resurrect a row', async () => {
      const { destination, first, write, due, names } = await start();
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1, tooLong)] });
      const tried = await due();
      const deleted = await write(checkpoint, { deletedIds: [idOf(1)] });
      const retry = { table: aTable, tried, rows: [rowOf(1, 1)], goneIds: [], isDeleteLogged: true, readAt };
      const turn = deleted.checkpoint;
      await destination.writeRetries({ ...retry, turn, nextAttemptAt: later });
      expect(await names()).toEqual({});
    });

    it('that is given up is counted as a failure once', async () => {
      const { destination, otherWorker, first, write, due } = await start();
      await write(first, { rows: [rowOf(1, 1, tooLong), rowOf(2, 2)] });
      const given = await due();
      const settled = await Promise.all([
        destination.giveUpRejectedRows('account', given, later),
        otherWorker.giveUpRejectedRows('account', given, later),
      ]);
      expect(settled.sort()).toEqual([0, 1]);
      expect(await due()).toEqual([]);
      expect(await destination.checkpoint('account')).toMatchObject({ successCount: 1, failureCount: 1 });
    });
  });

  it('records a refused delete, and deletes when it can', async () => {
    const { destination, first, write, due, names, refuseDelete, deleteLog } = await start();
    let { checkpoint } = await write(first, { rows: [rowOf(1, 1), rowOf(2, 2)] });
    await refuseDelete('account', idOf(1));
    const result = await write(checkpoint, { deletedIds: [idOf(1), idOf(2)] });
    checkpoint = result.checkpoint;
    expect(result).toMatchObject({ deletedCount: 1, checkpoint: { successCount: 3 } });
    const refused = { id: idOf(1), changeType: 'Delete', code: 'ROW_CONSTRAINT_VIOLATED', version: '1' };
    expect(result.rejected).toMatchObject([refused]);
    expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
    const retry = {
      table: aTable,
      turn: checkpoint,
      rows: [],
      goneIds: [idOf(1)],
      isDeleteLogged: true,
      readAt,
      nextAttemptAt: later,
    };
    await destination.writeRetries({ ...retry, tried: await due() });
    expect(await due()).toMatchObject([{ ...refused, attempts: 2 }]);
    await refuseDelete('account', undefined);
    await destination.writeRetries({ ...retry, tried: await due() });
    expect(await due()).toEqual([]);
    expect(await names()).toEqual({});
    expect((await deleteLog()).map(({ id }) => id)).toEqual([idOf(2), idOf(1)]);
    expect(await destination.checkpoint('account')).toMatchObject({ successCount: 4, failureCount: 0 });
  });
}
