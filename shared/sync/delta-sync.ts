import { ServiceError } from '../errors.ts';
import type { ChangePage, Row } from '../model/change.ts';
import { rowId } from '../schema/row-id.ts';
import { readCurrentPage, renewShape } from './read-current.ts';
import { isOver, readTime, type TableRun } from './table-run.ts';
import { writePage } from './write-page.ts';

/**
 * Follows the changes since the last pass, page by page, until none is left or the time is over.
 * Tells whether the pass is complete and whether it found anything.
 */
export async function deltaSync(run: TableRun): Promise<{ isComplete: boolean; hasChanges: boolean }> {
  const isResumed = run.checkpoint.pageInPass > 0;
  for (let hasChanges = isResumed; ; ) {
    const { pageInPass } = run.checkpoint;
    const { page, readAt, release } = await readDeltaPage(run);
    try {
      hasChanges ||= page.rows.length > 0 || page.deletedIds.length > 0;
      const { following } = page;
      if (following.kind === 'end')
        throw new ServiceError(
          'DATAVERSE_ANSWER_UNREADABLE',
          `Cannot follow table "${run.table}": the last page has no delta link; one is expected.`,
        );
      const next = following.kind === 'next' ? pageInPass + 1 : 0;
      await writePage(run, page, { link: following.link, pageInPass: next }, readAt);
      if (next === 0) return { isComplete: true, hasChanges };
      if (isOver(run)) return { isComplete: false, hasChanges };
    } finally {
      release();
    }
  }
}

/**
 * Reads the page that the checkpoint names. A small page needs no slot; whether the first of a pass is small is
 * known only when it is there, so a full one for which there is no slot is dropped and read again later.
 */
async function readDeltaPage(run: TableRun) {
  const { link, pageInPass } = run.checkpoint;
  if (link === undefined)
    throw new ServiceError(
      'DATAVERSE_DELTA_TOKEN_EXPIRED',
      `Cannot follow table "${run.table}": it has no delta link.`,
    );
  const { pageSlots } = run.ports;
  let release = pageInPass === 0 ? undefined : await pageSlots.take();
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
 */
async function settleDeletes(run: TableRun, page: ChangePage): Promise<ChangePage> {
  if (page.deletedIds.length === 0) return page;
  const { query } = run.shape;
  const keysOnly = { ...query, columns: [query.table.primaryId], hasAnnotations: false };
  const alive = await run.dataverse.readRows(keysOnly, page.deletedIds);
  if (alive.length === 0) return page;
  const aliveIds = new Set(alive.map((row) => rowId(row, query.table.primaryId)));
  let rows: readonly Row[];
  do rows = await run.dataverse.readRows(run.shape.query, [...aliveIds]);
  while (await renewShape(run));
  return {
    rows: [...page.rows, ...rows],
    deletedIds: page.deletedIds.filter((id) => !aliveIds.has(id)),
    following: page.following,
  };
}
