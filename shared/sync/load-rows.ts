import type { Release } from '../at-most.ts';
import { hasCode } from '../errors.ts';
import type { ChangePage } from '../model/change.ts';
import type { KeyRange } from '../model/checkpoint.ts';
import { afterLoad } from './after-load.ts';
import { bordersOf, isDivisionTaken, onePiece, rangesOf } from './key-ranges.ts';
import { readCurrentPage, type ShapedPage } from './read-current.ts';
import { isOver, readTime, type TableRun } from './table-run.ts';
import { advanceCheckpoint, writePage } from './write-page.ts';

/** A page of a range on its way, and what gives its slot back. */
interface Reading {
  readonly index: number;
  readonly readAt: Date;
  readonly release: Release;
  readonly answer: Promise<ShapedPage>;
  /** What kept it from being read. */
  fault?: unknown;
}

/** One page of a range at a time: the next is asked for only when the one before is about to be written. */
type Readings = Map<number, Reading>;

/**
 * Reads all columns of all rows by plain pages, of as many ranges at a time as memory allows. Pages are written one after
 * the other, each moves only its own range: a crash loses the pages in flight, and whoever goes on does so in every range.
 * An organization that does not filter by key is read in one piece instead. A page link that is refused costs its own range
 * only; it still fails the turn, because an organization that refuses every link is not to be read without pause.
 */
export async function loadRows(run: TableRun): Promise<void> {
  run.loading = { rowsLoaded: run.checkpoint.rowsLoaded, since: run.ports.clock.now() };
  const readings: Readings = new Map();
  try {
    await loadRanges(run, readings);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const isUndivided =
      error.code === 'DATAVERSE_REQUEST_REFUSED' && !isDivisionTaken(rangesOf(run.checkpoint));
    if (!isUndivided) {
      await beginAnew(run, readings);
      throw error;
    }
    run.ports.log.warn(
      `Table "${run.table}" of "${run.profile.name}" is loaded in one piece: ${error.message}`,
    );
    await advanceCheckpoint(run, { link: undefined, ranges: onePiece, rowsLoaded: 0 });
  } finally {
    for (const { answer, release } of readings.values()) void answer.then(release, release);
  }
}

const isRefused = (error: unknown) =>
  hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_DELTA_TOKEN_EXPIRED');

/** Ranges whose page link was refused have not begun: they are read once more, whatever the organization's order of keys. */
async function beginAnew(run: TableRun, readings: Readings): Promise<void> {
  let { rowsLoaded } = run.checkpoint;
  const ranges = rangesOf(run.checkpoint).map((range, index) => {
    if (range.link === undefined || !isRefused(readings.get(index)?.fault)) return range;
    const { link: _, rows = rowsLoaded, ...borders } = range;
    rowsLoaded -= rows;
    return borders;
  });
  await advanceCheckpoint(run, { link: undefined, ranges, rowsLoaded });
}

async function loadRanges(run: TableRun, readings: Readings): Promise<void> {
  let ranges = rangesOf(run.checkpoint);
  let slot: Release | undefined = await run.ports.pageSlots.take();
  for (;;) {
    readMore(run, ranges, readings, slot);
    const { index, readAt, release, answer } = await firstRead(readings);
    readings.delete(index);
    try {
      if (run.isVoid) return;
      const page = await answer;
      ranges = ranges.with(index, after(page, ranges[index]));
      readMore(run, ranges, readings);
      const isLoaded = ranges.every((range) => range.isDone);
      const following = isLoaded ? afterLoad(run, run.checkpoint.deltaLink) : { link: undefined, ranges };
      const rowsLoaded = run.checkpoint.rowsLoaded + page.rows.length;
      await writePage(run, page, { ...following, rowsLoaded }, readAt);
      if (isLoaded) return;
    } finally {
      release();
    }
    if (readings.size > 0) slot = undefined;
    else if (isOver(run)) return;
    else slot = await run.ports.pageSlots.take();
  }
}

/**
 * The first page that is there. What keeps one range from being read ends the turn only when no other page is on its way:
 * where Dataverse throttles, what it has sent already is not asked for twice.
 */
async function firstRead(readings: Readings): Promise<Reading> {
  try {
    return await Promise.any([...readings.values()].map((reading) => reading.answer.then(() => reading)));
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
}

/** The range after this page of it. */
function after({ rows, following }: ChangePage, range: KeyRange | undefined): KeyRange {
  const { isDone: _, link: __, ...others } = range ?? {};
  const read = { ...others, rows: (others.rows ?? 0) + rows.length };
  return following.kind === 'next' ? { ...read, link: following.link } : { ...read, isDone: true };
}

/** Begins to read a page of each range that is not being read, as far as there are slots: `slot` first, then those that are free. */
function readMore(run: TableRun, ranges: readonly KeyRange[], readings: Readings, slot?: Release): void {
  let given = slot;
  for (const [index, range] of ranges.entries()) {
    if (range.isDone || readings.has(index)) continue;
    const release = given ?? (isOver(run) ? undefined : run.ports.pageSlots.tryTake());
    given = undefined;
    if (!release) return;
    readings.set(index, read(run, ranges, index, release));
  }
}

function read(run: TableRun, ranges: readonly KeyRange[], index: number, release: Release): Reading {
  const readAt = readTime(run);
  const link = ranges[index]?.link;
  const answer = readCurrentPage(
    run,
    link === undefined ? { kind: 'rows', ...bordersOf(ranges, index) } : { kind: 'next', link },
  );
  const reading: Reading = { index, readAt, release, answer };
  // It is awaited later: its failure must not count as unhandled while another page is written, nor hold its slot.
  answer.catch((error: unknown) => {
    reading.fault = error;
    release();
  });
  return reading;
}
