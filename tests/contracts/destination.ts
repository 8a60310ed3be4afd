import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../shared/model/change.ts';
import type { Checkpoint } from '../../shared/model/checkpoint.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import type { Destination, PageWrite } from '../../shared/ports/destination.ts';

/** A destination without any table, and a test's own way to look into it and to disturb it. */
export interface DestinationUnderTest {
  readonly destination: Destination;
  /** The same database seen by another worker. */
  readonly otherWorker: Destination;
  /** Stored rows with every column as canonical text, in any order. */
  rows(table: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  deleteLog(): Promise<readonly { readonly table: string; readonly id: string; readonly version: string }[]>;
  /** Rows of the table whose `name` is this are refused from now on (a constraint); undefined ends it. */
  refuseName(table: string, name: string | undefined): Promise<void>;
  /** Deletes of this id are refused from now on (something refers to the row). */
  refuseDelete(table: string, id: string): Promise<void>;
  dropTable(table: string): Promise<void>;
}

const aTable: DestinationTable = {
  name: 'account',
  idSource: 'accountid',
  columns: [
    { name: 'statecode', type: { kind: 'integer' }, source: 'statecode' },
    { name: 'donotphone', type: { kind: 'boolean' }, source: 'donotphone' },
    { name: 'ownerid', type: { kind: 'guid' }, source: '_ownerid_value' },
    { name: 'to', type: { kind: 'guid' } },
    { name: 'revenue', type: { kind: 'decimal', scale: 4 }, source: 'revenue' },
    { name: 'name', type: { kind: 'text', maxLength: 20 }, source: 'name' },
    { name: 'description', type: { kind: 'text' }, source: 'description' },
    { name: 'createdon', type: { kind: 'datetime' }, source: 'createdon' },
    { name: 'versionnumber', type: { kind: 'bigint' }, source: 'versionnumber' },
  ],
};

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const rowOf = (number: number, version: number | string, more: Row = {}): Row => ({
  accountid: idOf(number),
  name: `account ${number}`,
  versionnumber: version,
  ...more,
});
const readAt = new Date('2026-11-23T10:00:00.000Z');
const later = new Date('2026-11-23T10:05:00.000Z');

/** What every destination promises; `make` gives a fresh one each time, and the suite closes both workers. */
export function describeDestination(name: string, make: () => Promise<DestinationUnderTest>): void {
  async function start(table = aTable) {
    const under = await make();
    const { destination } = under;
    await destination.ensureSystemTables({ hasDeleteLog: true });
    await destination.ensureTable(table);
    const owner = { profileId: randomUUID(), activation: 1 };
    const first = await destination.claim(table.name, owner);
    const write = (turn: Checkpoint, page: Partial<PageWrite>) =>
      destination.writePage({
        table,
        turn,
        advance: {},
        rows: [],
        deletedIds: [],
        mode: 'newer',
        readAt,
        isDeleteLogged: true,
        nextAttemptAt: later,
        ...page,
      });
    const names = async () =>
      Object.fromEntries((await under.rows(table.name)).map((row) => [row.Id, row.name]));
    const due = (now = later) => destination.dueRejectedRows(table.name, now, 100);
    return { ...under, owner, first, write, names, due };
  }

  describe(name, () => {
    describe('a page', () => {
      it('arrives with its checkpoint, counts and greatest version', async () => {
        const { destination, first, write, rows } = await start();
        const result = await write(first, {
          rows: [rowOf(1, 5), rowOf(2, '9')],
          advance: { phase: 'load', link: 'next', loadStartedAt: readAt.toISOString(), rowsExpected: 2 },
        });
        expect(result).toMatchObject({ writtenCount: 2, deletedCount: 0, rejected: [] });
        expect(result.checkpoint).toEqual({
          ...first,
          sequence: first.sequence + 1,
          phase: 'load',
          link: 'next',
          loadStartedAt: readAt.toISOString(),
          rowsExpected: 2,
          maxVersion: '9',
          successCount: 2,
        });
        expect(await destination.checkpoint('account')).toEqual(result.checkpoint);
        expect(await rows('account')).toHaveLength(2);
        const cleared = await destination.advance('account', result.checkpoint, { link: undefined });
        expect(cleared).not.toHaveProperty('link');
        expect(cleared).toMatchObject({ loadStartedAt: readAt.toISOString(), successCount: 2 });
      });

      it('stamps when a row was first and last written', async () => {
        const { first, write, rows } = await start();
        const { checkpoint } = await write(first, { rows: [rowOf(1, 1)] });
        await write(checkpoint, { rows: [rowOf(1, 2)], readAt: later });
        expect(await rows('account')).toMatchObject([
          { SinkCreatedOn: '2026-11-23T10:00:00Z', SinkModifiedOn: '2026-11-23T10:05:00Z' },
        ]);
      });

      it('is refused as a whole when its turn is lost', async () => {
        const { first, write, names } = await start();
        await write(first, { rows: [rowOf(1, 1)] });
        const again = write(first, { rows: [rowOf(2, 2)], deletedIds: [idOf(1)] });
        await expect(again).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
        expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
      });

      it('of two writers with one turn is written once', async () => {
        const { destination, otherWorker, first, rows } = await start();
        const page: PageWrite = {
          table: aTable,
          turn: first,
          advance: {},
          rows: [rowOf(1, 1), rowOf(2, 2)],
          deletedIds: [],
          mode: 'newer',
          readAt,
          isDeleteLogged: false,
          nextAttemptAt: later,
        };
        const both = [destination.writePage(page), otherWorker.writePage(page)];
        const outcomes = (await Promise.allSettled(both)).map(({ status }) => status).sort();
        expect(outcomes).toEqual(['fulfilled', 'rejected']);
        expect(await rows('account')).toHaveLength(2);
        expect(await destination.checkpoint('account')).toMatchObject({ sequence: 1, successCount: 2 });
      });

      it('never lets an older version overwrite a newer one', async () => {
        const { first, write, names } = await start();
        const newest = { rows: [rowOf(1, 20, { name: 'newest' })] };
        const { checkpoint } = await write(first, newest);
        const older = { rows: [rowOf(1, 9, { name: 'older' }), rowOf(2, 3)] };
        expect(await write(checkpoint, older)).toMatchObject({ writtenCount: 1, rejected: [] });
        expect(await names()).toEqual({ [idOf(1)]: 'newest', [idOf(2)]: 'account 2' });
      });

      it('with one id several times keeps the greatest version', async () => {
        const { first, write, names } = await start();
        const versions = [rowOf(1, 2), rowOf(1, 10, { name: 'tenth' }), rowOf(1, 9, { name: 'ninth' })];
        const { checkpoint } = await write(first, { rows: versions });
        expect(checkpoint.successCount).toBe(1);
        expect(await names()).toEqual({ [idOf(1)]: 'tenth' });
      });

      it('deletes after it writes, and logs only rows that were there', async () => {
        const { first, write, names, deleteLog } = await start();
        const { checkpoint } = await write(first, { rows: [rowOf(1, 7), rowOf(2, 8)] });
        const result = await write(checkpoint, { deletedIds: [idOf(1), idOf(99)] });
        expect(result).toMatchObject({ deletedCount: 1, checkpoint: { successCount: 4 } });
        expect(await names()).toEqual({ [idOf(2)]: 'account 2' });
        expect(await deleteLog()).toEqual([{ table: 'account', id: idOf(1), version: '7' }]);
        await write(result.checkpoint, { deletedIds: [idOf(2)], isDeleteLogged: false });
        expect(await deleteLog()).toHaveLength(1);
      });

      it('fails with the missing object when somebody has dropped the table', async () => {
        const { first, write, dropTable, destination } = await start();
        await dropTable('account');
        const writing = write(first, { rows: [rowOf(1, 1)] });
        await expect(writing).rejects.toMatchObject({ code: 'DESTINATION_OBJECT_MISSING' });
        expect(await destination.checkpoint('account')).toEqual(first);
      });
    });

    describe('values', () => {
      it('arrive exactly', async () => {
        const { first, write, rows } = await start();
        const values = {
          statecode: -2147483648,
          donotphone: false,
          _ownerid_value: 'ABCDEF01-2345-4789-ABCD-EF0123456789',
          revenue: '9007199254740993123456789012345678.1239',
          name: '',
          description: 'a\tb\nc\r\\N \\. "\' 😀 \u0000 \ud800 ß',
          createdon: '0001-01-01T00:00:00Z',
        };
        await write(first, { rows: [rowOf(1, '9223372036854775807', values), rowOf(2, 1, { name: null })] });
        const stored = await rows('account');
        expect(stored.find(({ Id }) => Id === idOf(1))).toMatchObject({
          statecode: '-2147483648',
          donotphone: 'false',
          ownerid: 'abcdef01-2345-4789-abcd-ef0123456789',
          to: null,
          revenue: '9007199254740993123456789012345678.1239',
          name: '',
          description: 'a\tb\nc\r\\N \\. "\' 😀 \ufffd \ufffd ß',
          createdon: '0001-01-01T00:00:00Z',
          versionnumber: '9223372036854775807',
        });
        expect(stored.find(({ Id }) => Id === idOf(2))).toMatchObject({ name: null, revenue: null });
      });

      it('of any Unicode text, any decimal and any date arrive exactly', async () => {
        const { destination, first, write, rows } = await start();
        let turn = first;
        let version = 1;
        const digits = fc.bigInt({ min: -(10n ** 33n), max: 10n ** 33n });
        const text = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });
        const date = fc.date({
          min: new Date('0002-01-01'),
          max: new Date('9999-12-30'),
          noInvalidDate: true,
        });
        await fc.assert(
          fc.asyncProperty(digits, text, date, async (number, description, moment) => {
            const createdon = `${moment.toISOString().slice(0, 19)}Z`;
            const revenue = `${number}.0625`;
            version += 1;
            const page = { rows: [rowOf(1, version, { revenue, description, createdon })] };
            turn = (await write(turn, page)).checkpoint;
            const [stored] = await rows('account');
            expect(stored).toMatchObject({
              revenue,
              description: description.replaceAll('\0', '\ufffd').toWellFormed(),
              createdon,
            });
          }),
          { numRuns: 60 },
        );
        await destination.close();
      });
    });

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
        const retry = { table: aTable, turn: checkpoint, tried, goneIds: [], readAt, nextAttemptAt: later };
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

      it('does not touch a record that a page has replaced meanwhile', async () => {
        const { destination, first, write, due } = await start();
        const { checkpoint } = await write(first, { rows: [rowOf(1, 1, tooLong)] });
        const tried = await due();
        const moved = await write(checkpoint, { rows: [rowOf(1, 2, tooLong)] });
        const retry = { table: aTable, tried, goneIds: [], readAt, nextAttemptAt: later };
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
        const retry = { table: aTable, tried, rows: [rowOf(1, 1)], goneIds: [], readAt };
        const turn = deleted.checkpoint;
        await destination.writeRetries({ ...retry, turn, nextAttemptAt: later });
        expect(await names()).toEqual({});
      });

      it('that is given up is counted as a failure once', async () => {
        const { destination, otherWorker, first, write, due } = await start();
        await write(first, { rows: [rowOf(1, 1, tooLong), rowOf(2, 2)] });
        const given = await due();
        const settled = await Promise.all([
          destination.settleRejectedRows('account', given),
          otherWorker.settleRejectedRows('account', given),
        ]);
        expect(settled.sort()).toEqual([0, 1]);
        expect(await due()).toEqual([]);
        expect(await destination.checkpoint('account')).toMatchObject({ successCount: 1, failureCount: 1 });
      });
    });

    it('records a refused delete, and deletes when it can', async () => {
      const { destination, first, write, due, names, refuseDelete } = await start();
      let { checkpoint } = await write(first, { rows: [rowOf(1, 1), rowOf(2, 2)] });
      await refuseDelete('account', idOf(1));
      const result = await write(checkpoint, { deletedIds: [idOf(1), idOf(2)] });
      checkpoint = result.checkpoint;
      expect(result).toMatchObject({ deletedCount: 1, checkpoint: { successCount: 3 } });
      const refused = { id: idOf(1), changeType: 'Delete', code: 'ROW_CONSTRAINT_VIOLATED', version: '1' };
      expect(result.rejected).toMatchObject([refused]);
      expect(await names()).toEqual({ [idOf(1)]: 'account 1' });
      const retry = { table: aTable, turn: checkpoint, rows: [], goneIds: [idOf(1)], readAt };
      const tried = await due();
      await destination.writeRetries({ ...retry, tried, nextAttemptAt: later });
      expect(await due()).toMatchObject([{ ...refused, attempts: 2 }]);
    });

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
        await destination.settleRejectedRows('account', given);
        const step = { table: aTable, turn, before: later, limit: 10, advance: {}, sweptAt: later };
        expect(await destination.sweep({ ...step, isDeleteLogged: true })).toMatchObject({ deletedCount: 0 });
        expect(Object.keys(await names())).toHaveLength(2);
      });
    });

    describe('a claim', () => {
      it('begins once an activation, and continues a delta where it stopped', async () => {
        const { destination, owner, first, write } = await start();
        expect(first).toMatchObject({ epoch: 1, sequence: 0, phase: 'identity', needsSweep: false });
        const advance = { phase: 'delta', link: 'delta link', passVersion: '1' } as const;
        const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
        expect(await destination.claim('account', owner)).toEqual(checkpoint);
        const next = await destination.claim('account', { ...owner, activation: 2 });
        expect(next).toEqual({ ...checkpoint, activation: 2, epoch: 2, sequence: 0 });
        await expect(destination.claim('account', owner)).rejects.toMatchObject({
          code: 'DESTINATION_TURN_LOST',
        });
        await expect(write(checkpoint, {})).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
      });

      it('of an unfinished load or another profile starts anew, with a sweep over the rows that are there', async () => {
        const { destination, owner, first, write } = await start();
        const advance = { phase: 'load', link: 'x', deltaLink: 'y', rowsLoaded: 1, rowsExpected: 9 } as const;
        await write(first, { rows: [rowOf(1, 1)], advance });
        const anew = { ...first, sequence: 0, needsSweep: true };
        const second = await destination.claim('account', { ...owner, activation: 2 });
        expect(second).toEqual({ ...anew, activation: 2, epoch: 2 });
        const delta = await destination.advance('account', second, { phase: 'delta', link: 'z' });
        expect(delta.link).toBe('z');
        const profileId = randomUUID();
        const third = await destination.claim('account', { profileId, activation: 1 });
        expect(third).toEqual({ ...anew, profileId, activation: 1, epoch: 3 });
      });

      it('by two workers at the same moment gives both the same checkpoint', async () => {
        const { destination, otherWorker } = await start();
        const owner = { profileId: randomUUID(), activation: 1 };
        const [one, two] = await Promise.all([
          destination.claim('contact', owner),
          otherWorker.claim('contact', owner),
        ]);
        expect(one).toEqual(two);
      });
    });

    it('restarts a load in a new epoch, marked for a sweep, with its counts', async () => {
      const { destination, first, write } = await start();
      const { checkpoint } = await write(first, {
        rows: [rowOf(1, 1)],
        advance: { phase: 'delta', link: 'x' },
      });
      const restarted = await destination.restart('account', checkpoint);
      expect(restarted).toEqual({ ...first, epoch: 2, sequence: 0, needsSweep: true, successCount: 1 });
      const again = destination.restart('account', checkpoint);
      await expect(again).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
    });

    describe('a table', () => {
      const wider: DestinationTable = {
        ...aTable,
        columns: [
          ...aTable.columns.map((column) =>
            column.name === 'name' ? { ...column, type: { kind: 'text', maxLength: 40 } as const } : column,
          ),
          { name: 'fax', type: { kind: 'text', maxLength: 50 }, source: 'fax' },
        ],
      };

      it('tells whether it is empty, and takes a second call', async () => {
        const { destination, first, write } = await start();
        expect(await destination.ensureTable(aTable)).toEqual({ isEmpty: true, changes: [] });
        await write(first, { rows: [rowOf(1, 1)] });
        expect(await destination.ensureTable(aTable)).toEqual({ isEmpty: false, changes: [] });
      });

      it('only grows: columns are added and widened, never dropped or narrowed', async () => {
        const { destination, first, write, rows } = await start();
        const { checkpoint } = await write(first, { rows: [rowOf(1, 1)] });
        expect((await destination.ensureTable(wider)).changes).toHaveLength(2);
        expect((await destination.ensureTable(aTable)).changes).toEqual([]);
        const long = 'longer than twenty characters';
        const page = { table: wider, rows: [rowOf(1, 2, { name: long, fax: '1' }), rowOf(2, 3)] };
        const result = await write(checkpoint, page);
        expect(result.rejected).toEqual([]);
        expect(await rows('account')).toContainEqual(expect.objectContaining({ name: long, fax: '1' }));
      });

      it('can be asked for by several workers at the same moment', async () => {
        const { destination, otherWorker } = await start();
        const contact = { ...aTable, name: 'contact' };
        const both = [destination, otherWorker, destination, otherWorker];
        const results = await Promise.all(both.map((each) => each.ensureTable(contact)));
        expect(results.filter(({ changes }) => changes.length > 0)).toHaveLength(1);
      });

      it('with a column of a type that cannot be widened is a conflict', async () => {
        const { destination } = await start();
        const columns = [{ name: 'name', type: { kind: 'boolean' }, source: 'name' } as const];
        const changed = destination.ensureTable({ ...aTable, columns });
        await expect(changed).rejects.toMatchObject({ code: 'DESTINATION_TABLE_CONFLICT' });
      });
    });

    it('tells the versions of rows that exist', async () => {
      const { destination, first, write } = await start();
      await write(first, { rows: [rowOf(1, '9007199254740993'), rowOf(2, 2)] });
      const versions = await destination.rowVersions('account', [idOf(1), idOf(3)]);
      expect([...versions]).toEqual([[idOf(1), '9007199254740993']]);
    });

    it('ends with the same rows whatever order and repetition the pages of a history come in', async () => {
      const { first, write, rows, destination } = await start();
      let turn = first;
      let base = 0;
      const version = fc.record({ row: fc.nat(4), version: fc.integer({ min: 1, max: 12 }) });
      const pages = fc.array(fc.array(version, { maxLength: 8 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(pages, fc.infiniteStream(fc.nat()), async (history, picks) => {
          base += 10;
          const offset = base;
          const expected = new Map<string, string>();
          for (const { row, version: each } of history.flat()) {
            const id = idOf(offset + row);
            if (each > Number(expected.get(id) ?? 0)) expected.set(id, String(each));
          }
          const shuffled = history.concat(history);
          for (let at = shuffled.length - 1; at > 0; at--) {
            const other = picks.next().value % (at + 1);
            [shuffled[at], shuffled[other]] = [shuffled[other] ?? [], shuffled[at] ?? []];
          }
          for (const page of shuffled) {
            const changes = page.map((each) => rowOf(offset + each.row, each.version));
            turn = (await write(turn, { rows: changes })).checkpoint;
          }
          const stored = await destination.rowVersions('account', [...expected.keys()]);
          expect(new Map(stored)).toEqual(expected);
        }),
        { numRuns: 15 },
      );
      expect(new Set((await rows('account')).map(({ Id }) => Id)).size).toBe((await rows('account')).length);
    });

    it('passes its own test', async () => {
      const { destination } = await start();
      const findings = await destination.test(['account', 'contact']);
      expect(findings.map(({ severity }) => severity)).toEqual(['ok']);
    });
  });
}
