import type { Release } from '../at-most.ts';
import { ServiceError } from '../errors.ts';
import type { RowQuery } from '../ports/dataverse.ts';
import { rowId } from '../schema/row-id.ts';
import { keysOf } from '../schema/row-query.ts';
import { askTable, readCurrentPage, type ShapedPage } from './read-current.ts';
import { isOver, readTime, type TableRun } from './table-run.ts';
import { writePage } from './write-page.ts';

/** A page of a pass and its link, read and settled; `release` gives its slot back. */
interface DeltaPage {
  readonly page: ShapedPage;
  readonly readAt: Date;
  readonly release: Release;
}

/**
 * Follows the changes since the last pass, page by page, until none is left or the time is over; where memory allows, the
 * next page is fetched while one is written. Tells whether the pass is complete and whether it found anything.
 */
export async function deltaSync(run: TableRun): Promise<{ isComplete: boolean; hasChanges: boolean }> {
  const { link, pageInPass } = run.checkpoint;
  if (link === undefined)
    throw new ServiceError(
      'DATAVERSE_DELTA_TOKEN_EXPIRED',
      `Cannot follow table "${run.table}": it has no delta link.`,
    );
  let hasChanges = pageInPass > 0;
  let reading: Promise<DeltaPage> | undefined = readDeltaPage(run, link, pageInPass);
  try {
    while (reading) {
      const { page, readAt, release }: DeltaPage = await reading;
      reading = undefined;
      try {
        if (run.isVoid) return { isComplete: false, hasChanges };
        hasChanges ||= page.rows.length > 0 || page.deletedIds.length > 0;
        const { following } = page;
        if (following.kind === 'end')
          throw new ServiceError(
            'DATAVERSE_ANSWER_UNREADABLE',
            `Cannot follow table "${run.table}": the last page has no delta link; one is expected.`,
          );
        const next = following.kind === 'next' ? run.checkpoint.pageInPass + 1 : 0;
        const slot = next > 0 && !isOver(run) ? run.ports.pageSlots.tryTake() : undefined;
        if (slot) reading = readAhead(run, following.link, next, slot);
        await writePage(run, page, { link: following.link, pageInPass: next }, readAt);
        if (next === 0) return { isComplete: true, hasChanges };
      } finally {
        release();
      }
      if (!reading && !isOver(run))
        reading = readDeltaPage(run, run.checkpoint.link ?? link, run.checkpoint.pageInPass);
    }
    return { isComplete: false, hasChanges };
  } finally {
    void reading?.then(
      ({ release }) => release(),
      () => {},
    );
  }
}

/** It is awaited later: its failure must not count as unhandled while the page before is written. */
function readAhead(...parameters: Parameters<typeof readDeltaPage>): Promise<DeltaPage> {
  const reading = readDeltaPage(...parameters);
  reading.catch(() => {});
  return reading;
}

/**
 * Reads the page of this link, `pageInPass` from zero. A small page needs no slot; whether the first of a pass is small is
 * known only when it is there, so a full one for which there is no slot is dropped and read again later.
 */
async function readDeltaPage(
  run: TableRun,
  link: string,
  pageInPass: number,
  slot?: Release,
): Promise<DeltaPage> {
  const { pageSlots } = run.ports;
  let release = slot ?? (pageInPass === 0 ? undefined : await pageSlots.take());
  try {
    for (;;) {
      const readAt = readTime(run);
      const read = await readCurrentPage(run, { kind: pageInPass === 0 ? 'delta' : 'next', link });
      if (read.following.kind !== 'next' || release) {
        const page = pageInPass === 0 ? read : await settleDeletes(run, read);
        return { page, readAt, release: release ?? (() => {}) };
      }
      release = pageSlots.tryTake();
      if (release) return { page: read, readAt, release };
      release = await pageSlots.take();
    }
  } catch (error) {
    release?.();
    throw error;
  }
}

/**
 * An id may be deleted and made again, and Dataverse lists updates before deletes: the delete of such a row can come on a
 * later page than the row. So deletes on later pages are asked for by id, and the answer is believed. (On one page, the
 * Dataverse port has settled this.)
 *
 * That may be while the page before is still to be written, because it changes neither the order of reads nor that of
 * writes. The answer is as good as a row of the page itself: a row that is found is guarded by its version, and whatever
 * happens to it after the question is told by a later page or the next pass. Only an answer from before the page would be none.
 */
async function settleDeletes(run: TableRun, page: ShapedPage): Promise<ShapedPage> {
  if (page.deletedIds.length === 0) return page;
  const { query } = page.shape;
  const read = (asked: RowQuery, ids: readonly string[]) =>
    askTable(run, asked, (each) => run.dataverse.readRows(each, ids));
  const alive = await read(keysOf(query), page.deletedIds);
  if (alive.length === 0) return page;
  const aliveIds = new Set(alive.map((row) => rowId(row, query.table.primaryId)));
  // With the columns of the page, whatever the table has by now: those that it lacks are filled afterwards.
  const rows = await read(query, [...aliveIds]);
  const deletedIds = page.deletedIds.filter((id) => !aliveIds.has(id));
  return { ...page, rows: [...page.rows, ...rows], deletedIds };
}
