import { describe, expect, test } from 'vitest';
import { slots } from '../../../shared/at-most.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Checkpoint, CheckpointAdvance, KeyRange } from '../../../shared/model/checkpoint.ts';
import type { PageRequest } from '../../../shared/ports/dataverse.ts';
import type { PageWrite } from '../../../shared/ports/destination.ts';
import { loadRows } from '../../../shared/sync/load-rows.ts';
import type { TableRun } from '../../../shared/sync/table-run.ts';

/** Four ranges of two pages; a page has one row, and its link is the number of the next page. */
const fourRanges: readonly KeyRange[] = [{}, { from: '2' }, { from: '4' }, { from: '6' }];

const state = { turn: 1, activation: 1, rowsLoaded: 0 };
const exporting = { state: 'active', activation: 1, tables: [{ name: 'account', settings: {} }] };

/** A run of the load; `refuses` says which pages fail, and `endsAfter` how many pages are written until the time is over. */
function runOf(options: {
  readonly pages?: number;
  readonly ranges?: readonly KeyRange[];
  readonly link?: string;
  /** After how many pages the profile is deactivated. */
  readonly isAskedFor?: number;
  readonly refuses?: (request: PageRequest) => ServiceError | undefined;
  readonly endsAfter?: number;
}) {
  const read: number[] = [];
  const written: string[] = [];
  const told: unknown[] = [];
  let [inMemory, mostInMemory] = [0, 0];
  let seconds = 0;
  const apply = (before: Checkpoint, advance: CheckpointAdvance) =>
    ({ ...before, ...advance, sequence: before.sequence + 1 }) as Checkpoint;
  const dataverse = {
    readPage: async (request: PageRequest) => {
      const refusal = options.refuses?.(request);
      if (refusal) throw refusal;
      const { from = '0', to = '8' } = request.kind === 'rows' ? request : {};
      const [page, end] =
        'link' in request ? request.link.split('-').map(Number) : [Number(from), Number(to)];
      if (page === undefined || end === undefined) throw new Error('no such page');
      read.push(page);
      mostInMemory = Math.max(mostInMemory, ++inMemory);
      await undefined;
      const following =
        page + 1 < end ? { kind: 'next', link: `${page + 1}-${end}` } : ({ kind: 'end' } as const);
      return { rows: [{ accountid: String(page) }], deletedIds: [], following };
    },
    metadataVersion: async () => undefined,
  };
  const run = {
    ...{
      profile: { id: 'p', name: 'P', retryPolicy: {} },
      table: 'account',
      activation: 1,
      turn: 1,
      isVoid: false,
    },
    shape: { target: { columns: [] }, query: { columns: [] } },
    dataverse,
    destination: {
      writePage: async ({ advance, rows }: PageWrite) => {
        await new Promise((resolve) => setImmediate(resolve));
        inMemory -= 1;
        seconds += 10;
        written.push(...rows.map((row) => String(row.accountid)));
        return { checkpoint: apply(run.checkpoint, advance), writtenCount: 1, deletedCount: 0, rejected: [] };
      },
      advance: async (_: string, turn: Checkpoint, advance: CheckpointAdvance) => apply(turn, advance),
    },
    ports: {
      pageSlots: slots(options.pages ?? 3),
      clock: { now: () => new Date(seconds * 1000) },
      syncStates: {
        update: async (_: string, __: string, change: (known: object) => object) => told.push(change(state)),
      },
      profiles: { get: async () => (written.length < (options.isAskedFor ?? 100) ? exporting : undefined) },
      shapes: { forget() {}, of: async () => run.shape },
      log: { warn: (text: string) => told.push(text) },
    },
    endsAt: (options.endsAfter ?? 1000) * 10_000,
    done: { pages: 0, writtenRows: 0, deletedRows: 0, rejectedRows: 0 },
    checkpoint: {
      ...{ epoch: 1, sequence: 0, phase: 'load', rowsLoaded: 0, rowsExpected: 8, deltaLink: 'delta' },
      ...(options.ranges && { ranges: options.ranges }),
      ...(options.link && { link: options.link }),
    },
  } as unknown as TableRun;
  return { run, read, written, told, mostInMemory: () => mostInMemory };
}

const all = ['0', '1', '2', '3', '4', '5', '6', '7'];
const refusal = new ServiceError('DATAVERSE_REQUEST_REFUSED', 'Cannot read: no filter by key.');

describe('a load', () => {
  test.each([1, 2, 3, 8])('reads every range once, with %i pages in memory at most', async (pages) => {
    const { run, read, written, mostInMemory } = runOf({ pages, ranges: fourRanges });
    await loadRows(run);
    expect([...written].sort()).toEqual(all);
    expect(read).toHaveLength(all.length);
    expect(mostInMemory()).toBe(Math.min(pages, 5));
    expect(run.checkpoint).toMatchObject({ phase: 'delta', link: 'delta', rowsLoaded: 8, ranges: undefined });
  });

  test('goes on in every range after the last page that was written', async () => {
    const ranges: readonly KeyRange[] = [
      { isDone: true },
      { from: '2', link: '3-4' },
      { from: '4', isDone: true },
      { from: '6' },
    ];
    const { run, read, written } = runOf({ ranges });
    await loadRows(run);
    expect([...written].sort()).toEqual(['3', '6', '7']);
    expect(read).toHaveLength(3);
  });

  test('of a checkpoint without ranges goes on in one piece', async () => {
    const { run, written } = runOf({ link: '5-8' });
    await loadRows(run);
    expect(written).toEqual(['5', '6', '7']);
  });

  test('ends its turn with the pages that it has, and tells each range how far it is', async () => {
    const { run, written } = runOf({ ranges: fourRanges, endsAfter: 2 });
    await loadRows(run);
    expect(written).toHaveLength(4);
    expect(run.checkpoint).toMatchObject({ phase: 'load', rowsLoaded: 4 });
    const again = runOf({ ranges: run.checkpoint.ranges ?? [] });
    await loadRows(again.run);
    expect([...written, ...again.written].sort()).toEqual(all);
  });

  test('that nobody asks for any more does not even write the pages that it has', async () => {
    const { run, written } = runOf({ ranges: fourRanges, isAskedFor: 2 });
    await loadRows(run);
    expect(written).toHaveLength(2);
    await new Promise((resolve) => setImmediate(resolve));
    for (let slot = 0; slot < 3; slot += 1) expect(run.ports.pageSlots.tryTake()).toBeDefined();
  });

  test('that is refused a page writes those that are on their way, and gives every slot back', async () => {
    const throttled = new ServiceError('DATAVERSE_THROTTLED', 'Cannot read: asked to wait.');
    let requests = 0;
    const refuses = () => {
      requests += 1;
      return requests === 1 || requests > 3 ? throttled : undefined;
    };
    const { run, written } = runOf({ ranges: fourRanges, refuses });
    await expect(loadRows(run)).rejects.toBe(throttled);
    expect(written).toEqual(['2', '4']);
    expect(run.checkpoint.ranges).toEqual([
      {},
      { from: '2', rows: 1, link: '3-4' },
      { from: '4', rows: 1, link: '5-6' },
      { from: '6' },
    ]);
    for (let slot = 0; slot < 3; slot += 1) expect(run.ports.pageSlots.tryTake()).toBeDefined();
  });

  test('begins again in one piece where ranges are refused, and says so', async () => {
    const refuses = (request: PageRequest) =>
      request.kind === 'rows' && (request.from ?? request.to) !== undefined ? refusal : undefined;
    const { run, told } = runOf({ ranges: fourRanges, refuses });
    await loadRows(run);
    expect(run.checkpoint).toMatchObject({ phase: 'load', ranges: [{}], rowsLoaded: 0 });
    expect(told).toContainEqual(
      expect.stringContaining('is loaded in one piece: Cannot read: no filter by key.'),
    );
    const again = runOf({ ranges: run.checkpoint.ranges ?? [], refuses });
    await loadRows(again.run);
    expect(again.written).toEqual(all);
  });

  test('whose link of one range is void begins that range anew, and keeps what the others have', async () => {
    const expired = new ServiceError('DATAVERSE_DELTA_TOKEN_EXPIRED', 'Cannot read: the link is void.');
    let isVoid = true;
    const refuses = (request: PageRequest) =>
      isVoid && 'link' in request && request.link === '3-4' ? expired : undefined;
    const { run, written } = runOf({ ranges: fourRanges, refuses });
    await expect(loadRows(run)).rejects.toBe(expired);
    expect([...written].sort()).toEqual(all.filter((page) => page !== '3'));
    expect(run.checkpoint).toMatchObject({ phase: 'load', rowsLoaded: 6 });
    expect(run.checkpoint.ranges?.[1]).toEqual({ from: '2' });
    isVoid = false;
    const again = runOf({ ranges: run.checkpoint.ranges ?? [], refuses });
    await loadRows(again.run);
    expect(again.written).toEqual(['2', '3']);
  });

  test('is not begun again in one piece for a refusal that comes after ranges were taken', async () => {
    const ranges: readonly KeyRange[] = [{ isDone: true }, { from: '2', isDone: true }, { from: '4' }];
    const { run } = runOf({ ranges, refuses: () => refusal });
    await expect(loadRows(run)).rejects.toBe(refusal);
    expect(run.checkpoint.ranges).toEqual(ranges);
  });

  test('that is refused in one piece fails, and gives its slots back', async () => {
    const { run } = runOf({ pages: 2, ranges: [{}], refuses: () => refusal });
    await expect(loadRows(run)).rejects.toBe(refusal);
    expect(run.ports.pageSlots.tryTake()).toBeDefined();
    expect(run.ports.pageSlots.tryTake()).toBeDefined();
  });

  test('that fails at one page gives back the slots of all others, when their pages have come', async () => {
    const { run } = runOf({
      ranges: fourRanges,
      refuses: (request) =>
        'from' in request && request.from === '2' ? new ServiceError('DATAVERSE_BUSY', 'Busy.') : undefined,
    });
    await expect(loadRows(run)).rejects.toMatchObject({ code: 'DATAVERSE_BUSY' });
    await new Promise((resolve) => setImmediate(resolve));
    for (let slot = 0; slot < 3; slot += 1) expect(run.ports.pageSlots.tryTake()).toBeDefined();
  });

  test('tells how many seconds are left, by the rate of its turn', async () => {
    const { run, told } = runOf({ ranges: fourRanges });
    await loadRows(run);
    const left = told.map((one) => (one as { loadRemainingSeconds?: number }).loadRemainingSeconds);
    expect(left).toEqual([70, 60, 50, 40, 30, 20, 10]);
    expect(told[3]).toMatchObject({ rowsLoaded: 4, rowsExpected: 8 });
  });
});
