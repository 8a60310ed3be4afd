import { expect, test } from 'vitest';
import { slots } from '../../../shared/at-most.ts';
import type { Checkpoint } from '../../../shared/model/checkpoint.ts';
import type { PageRequest } from '../../../shared/ports/dataverse.ts';
import type { PageWrite } from '../../../shared/ports/destination.ts';
import { deltaSync } from '../../../shared/sync/delta-sync.ts';
import type { TableRun } from '../../../shared/sync/table-run.ts';

const exporting = { state: 'active', activation: 1, tables: [{ name: 'account', settings: {} }] };

/** A pass of three pages; each deletes a row that its later pages have made again by then. Tells what happened, in order. */
function runOf(pages: number, isFailing = false) {
  const happened: string[] = [];
  const row = (id: string) => ({ accountid: id });
  const run = {
    ...{ profile: { id: 'p', name: 'P', retryPolicy: {} }, table: 'account', activation: 1, turn: 1 },
    shape: { target: { columns: [] }, query: { columns: [], table: { primaryId: 'accountid' } } },
    dataverse: {
      readPage: async (request: PageRequest) => {
        const page = 'link' in request ? Number(request.link) : 0;
        happened.push(`read ${page}`);
        const following = page < 2 ? { kind: 'next', link: `${page + 1}` } : { kind: 'delta', link: '0' };
        return { rows: [row(`${page}`)], deletedIds: [`gone ${page}`, 'made again'], following };
      },
      readRows: async (_: unknown, ids: readonly string[]) => {
        happened.push(`ask for ${ids.join()}`);
        return ids.filter((id) => id === 'made again').map(row);
      },
      metadataVersion: async () => undefined,
    },
    destination: {
      writePage: async ({ advance, rows, deletedIds }: PageWrite) => {
        const ids = rows.map((each) => String(each.accountid));
        happened.push(`write ${[...ids, ...deletedIds.map((id) => `no ${id}`)].join()}`);
        await new Promise((resolve) => setImmediate(resolve));
        if (isFailing) throw new Error('down');
        happened.push('written');
        const checkpoint = { ...run.checkpoint, ...advance } as Checkpoint;
        return { checkpoint, writtenCount: 1, deletedCount: 0, rejected: [] };
      },
    },
    ports: {
      pageSlots: slots(pages),
      clock: { now: () => new Date(0) },
      syncStates: {
        update: async (_: string, __: string, change: (known: object) => object) =>
          change({ turn: 1, activation: 1 }),
      },
      profiles: { get: async () => exporting },
    },
    ...{ endsAt: 1, isVoid: false },
    done: { pages: 0, writtenRows: 0, deletedRows: 0, rejectedRows: 0 },
    checkpoint: { phase: 'delta', link: '0', pageInPass: 0 },
  } as unknown as TableRun;
  return { run, happened };
}

const inTurn = [
  ...['read 0', 'write 0,no gone 0,no made again', 'written'],
  ...['read 1', 'ask for gone 1,made again', 'ask for made again', 'write 1,made again,no gone 1', 'written'],
  ...['read 2', 'ask for gone 2,made again', 'ask for made again', 'write 2,made again,no gone 2', 'written'],
];

test('with memory for one page, pages are read and written in turn', async () => {
  const { run, happened } = runOf(1);
  expect(await deltaSync(run)).toEqual({ isComplete: true, hasChanges: true });
  expect(happened).toEqual(inTurn);
});

test('with memory for two, the next page is read while one is written, in the same order of reads and of writes', async () => {
  const { run, happened } = runOf(2);
  await deltaSync(run);
  const isRead = (what: string) => /^(read|ask)/.test(what);
  expect(happened.filter(isRead)).toEqual(inTurn.filter(isRead));
  expect(happened.filter((what) => !isRead(what))).toEqual(inTurn.filter((what) => !isRead(what)));
  expect(happened.indexOf('read 1')).toBeLessThan(happened.indexOf('written'));
  expect(happened.indexOf('read 2')).toBeLessThan(happened.lastIndexOf('written'));
});

test('a page that cannot be written gives both slots back', async () => {
  const { run } = runOf(2, true);
  await expect(deltaSync(run)).rejects.toThrow('down');
  await new Promise((resolve) => setImmediate(resolve));
  expect([run.ports.pageSlots.tryTake(), run.ports.pageSlots.tryTake()]).not.toContain(undefined);
});
