import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PageWrite } from '../../shared/ports/destination.ts';
import {
  aTable,
  type DestinationUnderTest,
  idOf,
  later,
  readAt,
  rowOf,
  startDestination,
} from './destination-start.ts';

/** How pages of rows arrive. */
export function describePages(make: () => Promise<DestinationUnderTest>): void {
  const start = () => startDestination(make);

  describe('a page', () => {
    it('arrives with its checkpoint and counts', async () => {
      const { destination, first, write, rows } = await start();
      const ranges = [{ isDone: true }, { from: idOf(1), link: "it's \\ next" }, { from: idOf(2) }] as const;
      const refill = { columns: ['fax', '_ownerid_value'], link: "it's next", isWhole: true } as const;
      const result = await write(first, {
        rows: [rowOf(1, 5), rowOf(2, '9')],
        advance: {
          phase: 'load',
          link: 'next',
          loadStartedAt: readAt.toISOString(),
          rowsExpected: 2,
          ranges,
          refill,
        },
      });
      expect(result).toMatchObject({ writtenCount: 2, deletedCount: 0, rejected: [] });
      expect(result.checkpoint).toEqual({
        ...first,
        sequence: first.sequence + 1,
        phase: 'load',
        link: 'next',
        loadStartedAt: readAt.toISOString(),
        rowsExpected: 2,
        ranges,
        refill,
        successCount: 2,
      });
      expect(await destination.checkpoint('account')).toEqual(result.checkpoint);
      expect(await rows('account')).toHaveLength(2);
      const cleared = await destination.advance('account', result.checkpoint, {
        link: undefined,
        ranges: undefined,
        refill: undefined,
      });
      expect(cleared).not.toHaveProperty('link');
      expect(cleared).not.toHaveProperty('ranges');
      expect(cleared).not.toHaveProperty('refill');
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
      // Both workers are connected, so that they really meet.
      let turn = (await otherWorker.checkpoint('account')) ?? first;
      for (let round = 1; round <= 10; round++) {
        const page: PageWrite = {
          table: aTable,
          turn,
          advance: {},
          rows: Array.from({ length: 20 }, (_, index) => rowOf(index, round)),
          deletedIds: [],
          mode: 'newer',
          readAt,
          isDeleteLogged: false,
          nextAttemptAt: later,
        };
        const both = [destination.writePage(page), otherWorker.writePage(page)];
        const outcomes = (await Promise.allSettled(both)).map(({ status }) => status).sort();
        expect(outcomes).toEqual(['fulfilled', 'rejected']);
        turn = (await destination.checkpoint('account')) ?? first;
        expect(turn).toMatchObject({ sequence: round, successCount: 20 * round });
      }
      expect(await rows('account')).toHaveLength(20);
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

    it('fails with the missing object when somebody has dropped the table', async (context) => {
      const { first, write, dropTable, destination, hidesMissingTables } = await start();
      if (hidesMissingTables !== undefined) context.skip(hidesMissingTables);
      await dropTable('account');
      const writing = write(first, { rows: [rowOf(1, 1)] });
      await expect(writing).rejects.toMatchObject({ code: 'DESTINATION_OBJECT_MISSING' });
      expect(await destination.checkpoint('account')).toEqual(first);
    });
  });

  describe('values', () => {
    it('arrive exactly', async () => {
      const { first, write, rows, earliest } = await start();
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
        createdon: earliest ?? '0001-01-01T00:00:00Z',
        versionnumber: '9223372036854775807',
      });
      expect(stored.find(({ Id }) => Id === idOf(2))).toMatchObject({ name: null, revenue: null });
    });

    // Sixty pages, each of which a server that is not the real one may take seconds for.
    it('of any Unicode text, any decimal and any date arrive exactly', { timeout: 900_000 }, async () => {
      const { destination, first, write, rows, earliest = '' } = await start();
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
            createdon: createdon < earliest ? earliest : createdon,
          });
        }),
        { numRuns: 60 },
      );
      await destination.close();
    });
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
}
