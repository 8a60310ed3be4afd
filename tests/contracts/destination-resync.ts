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

const tooLong = { name: 'far too long for this column' };
const resyncAt = new Date('2026-11-23T12:00:00.000Z');

/** What becomes of rows that were given up, and of those that somebody asks for. */
export function describeResync(make: () => Promise<DestinationUnderTest>): void {
  /** Three rows in the table, of which two were then refused and given up. */
  async function startGivenUp() {
    const started = await startDestination(make);
    const { destination, owner, first, write, due } = started;
    const { profileId } = owner;
    let turn = (await write(first, { rows: [rowOf(1, 1), rowOf(2, 2), rowOf(3, 3)] })).checkpoint;
    turn = (await write(turn, { rows: [rowOf(1, 11, tooLong), rowOf(2, 12, tooLong)] })).checkpoint;
    await destination.giveUpRejectedRows('account', await due(), later);
    const resync = (scope: Parameters<typeof destination.resync>[1]['scope']) =>
      destination.resync('account', { profileId, scope, at: resyncAt });
    const retry = {
      table: aTable,
      goneIds: [],
      isDeleteLogged: true,
      readAt: resyncAt,
      nextAttemptAt: later,
    };
    return { ...started, profileId, turn, resync, retry };
  }

  it('tells which rows are recorded as rejected, given up or asked for again', async () => {
    const { destination, resync } = await startGivenUp();
    await resync({ kind: 'rows', ids: [idOf(3)] });
    const among = (...numbers: number[]) => destination.rejectedAmong('account', numbers.map(idOf));
    expect(await among(1, 3, 4)).toEqual(new Set([1, 3].map(idOf)));
    expect(await among()).toEqual(new Set());
  });

  describe('a row that was given up', () => {
    it('is not tried again by itself, also when the same version comes again', async () => {
      const { destination, turn, write, due } = await startGivenUp();
      expect(await due(resyncAt)).toEqual([]);
      expect(await destination.nextAttemptAt('account')).toBeUndefined();
      await write(turn, { rows: [rowOf(1, 11, tooLong)] });
      expect(await due(resyncAt)).toEqual([]);
      expect(await destination.checkpoint('account')).toMatchObject({ failureCount: 2 });
    });

    it('is tried again when a newer version is refused, and is forgotten when one is written', async () => {
      const { turn, write, due, resync, names } = await startGivenUp();
      await write(turn, { rows: [rowOf(1, 21, tooLong), rowOf(2, 22)] });
      expect(await due(resyncAt)).toMatchObject([
        { id: idOf(1), version: '21', attempts: 1, isResync: false },
      ]);
      expect(await names()).toMatchObject({ [idOf(2)]: 'account 2' });
      expect(await resync({ kind: 'failed' })).toBe(0);
    });

    it('is forgotten when its load begins anew', async () => {
      const { destination, turn, resync } = await startGivenUp();
      await destination.restart('account', turn);
      expect(await resync({ kind: 'failed' })).toBe(0);
    });
  });

  it('tells which rows it would take, and which deletes, and keeps nothing of it', async () => {
    const { destination, turn, names, refuseName, refuseDelete, deleteLog } = await startGivenUp();
    await refuseName('account', 'bad');
    await refuseDelete('account', idOf(2));
    const before = await names();
    const rows = [rowOf(1, 31), rowOf(4, 32, { name: 'bad' }), rowOf(5, 33), rowOf(6, 34, tooLong)];
    const taken = await destination.wouldTake(aTable, { rows, goneIds: [idOf(2), idOf(3), idOf(9)] });
    expect([...taken].sort()).toEqual([1, 3, 5, 9].map(idOf));
    expect(await names()).toEqual(before);
    expect(await deleteLog()).toEqual([]);
    expect(await destination.checkpoint('account')).toMatchObject({
      sequence: turn.sequence,
      failureCount: 2,
    });
  });

  describe('a resync', () => {
    it('of failed rows has each tried again as often as any, and failures fall to none', async () => {
      const { destination, resync, due } = await startGivenUp();
      expect(await resync({ kind: 'failed' })).toBe(2);
      const record = {
        attempts: 0,
        isResync: true,
        code: 'ROW_TEXT_TOO_LONG',
        nextAttemptAt: resyncAt.toISOString(),
      };
      expect(await due(resyncAt)).toMatchObject([
        { ...record, id: idOf(1), version: '11' },
        { ...record, id: idOf(2), version: '12' },
      ]);
      expect(await destination.nextAttemptAt('account')).toEqual(resyncAt);
      expect(await destination.checkpoint('account')).toMatchObject({ failureCount: 0 });
      expect(await resync({ kind: 'failed' })).toBe(0);
    });

    it('writes the row that is read, and counts what is given up again', async () => {
      const { destination, turn, resync, due, retry, names } = await startGivenUp();
      await resync({ kind: 'failed' });
      const rows = [rowOf(1, 31), rowOf(2, 12, tooLong)];
      await destination.writeRetries({ ...retry, turn, tried: await due(resyncAt), rows });
      expect(await names()).toMatchObject({ [idOf(1)]: 'account 1' });
      const again = await due(resyncAt);
      expect(again).toMatchObject([{ id: idOf(2), attempts: 1, isResync: true }]);
      expect(await destination.giveUpRejectedRows('account', again, later)).toBe(1);
      expect(await destination.checkpoint('account')).toMatchObject({ failureCount: 1 });
    });

    it('of ids takes rows that nothing was wrong with, too, and those that are gone', async () => {
      const { destination, turn, resync, due, retry, names, deleteLog } = await startGivenUp();
      const ids = [idOf(1), idOf(3), idOf(3), idOf(9)];
      expect(await resync({ kind: 'rows', ids })).toBe(3);
      expect(await destination.checkpoint('account')).toMatchObject({ failureCount: 1 });
      const tried = await due(resyncAt);
      expect(tried.map(({ id }) => id).sort()).toEqual([idOf(1), idOf(3), idOf(9)]);
      expect(tried.every(({ attempts, isResync }) => attempts === 0 && isResync)).toBe(true);
      // Somebody has changed the copy: what Dataverse has is written also where the version is the same.
      const rows = [rowOf(3, 3, { name: 'as it is' })];
      const goneIds = [idOf(1), idOf(9)];
      await destination.writeRetries({ ...retry, turn, tried, rows, goneIds });
      expect(await names()).toEqual({ [idOf(2)]: 'account 2', [idOf(3)]: 'as it is' });
      expect((await deleteLog()).map(({ id }) => id)).toEqual([idOf(1)]);
      expect(await due(resyncAt)).toEqual([]);
    });

    it('of ids gives way to a page that has a newer version', async () => {
      const { turn, write, resync, due, names } = await startGivenUp();
      await resync({ kind: 'rows', ids: [idOf(1), idOf(3)] });
      await write(turn, { rows: [rowOf(1, 40), rowOf(3, 41, tooLong)] });
      expect(await names()).toMatchObject({ [idOf(1)]: 'account 1' });
      expect(await due(resyncAt)).toMatchObject([{ id: idOf(3), version: '41', isResync: false }]);
    });

    it('of the table begins its load anew; what is refused then is of the resync until the delta', async () => {
      const { destination, turn, resync, write, due } = await startGivenUp();
      expect(await resync({ kind: 'table' })).toBe(2);
      const begun = await destination.checkpoint('account');
      expect(begun).toMatchObject({
        ...{ phase: 'identity', needsSweep: true, isResync: true, failureCount: 0 },
        epoch: turn.epoch + 1,
      });
      expect(await due(resyncAt)).toEqual([]);
      const advance = { phase: 'delta', needsSweep: false, isResync: false } as const;
      const { checkpoint, rejected } = await write(begun ?? turn, { rows: [rowOf(1, 11, tooLong)], advance });
      expect(rejected).toMatchObject([{ id: idOf(1), isResync: true }]);
      expect(checkpoint).toMatchObject({ isResync: false });
      const { rejected: others } = await write(checkpoint, { rows: [rowOf(3, 50, tooLong)] });
      expect(others).toMatchObject([{ id: idOf(3), isResync: false }]);
    });

    it('is nothing for a profile that does not fill the table, and stops no page that is on its way', async () => {
      const { destination, profileId, turn, write, resync } = await startGivenUp();
      const asked = { profileId: '99999999-9999-4999-8999-999999999999', at: readAt };
      for (const kind of ['failed', 'table'] as const)
        expect(await destination.resync('account', { ...asked, scope: { kind } })).toBeUndefined();
      const asOurs = { profileId, scope: { kind: 'failed' }, at: readAt } as const;
      expect(await destination.resync('contact', asOurs)).toBeUndefined();
      await resync({ kind: 'failed' });
      expect(await write(turn, { rows: [rowOf(4, 60)] })).toMatchObject({ writtenCount: 1 });
    });
  });
}
