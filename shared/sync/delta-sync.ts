import { ServiceError } from '../errors.ts';
import type { ChangePage, Row } from '../model/change.ts';
import { readCurrentPage, renewShape } from './read-current.ts';
import { isOver, readTime, type TableRun } from './table-run.ts';
import { writePage } from './write-page.ts';

/**
 * Follows the changes since the last pass, page by page, until none is left or the time is over.
 * Tells whether the pass is complete and whether it found anything.
 */
export async function deltaSync(run: TableRun): Promise<{ isComplete: boolean; hasChanges: boolean }> {
  let hasChanges = run.checkpoint.pageInPass > 0;
  for (;;) {
    const { link, pageInPass } = run.checkpoint;
    if (link === undefined)
      throw new ServiceError(
        'DATAVERSE_DELTA_TOKEN_EXPIRED',
        `Cannot follow table "${run.table}": it has no delta link.`,
      );
    const readAt = readTime(run);
    const kind = pageInPass === 0 ? 'delta' : 'next';
    const read = await readCurrentPage(run, { kind, link });
    const page = pageInPass === 0 ? read : await settleDeletes(run, read);
    hasChanges ||= page.rows.length > 0 || page.deletedIds.length > 0;
    if (page.following.kind === 'next') {
      await writePage(run, page, { link: page.following.link, pageInPass: pageInPass + 1 }, readAt);
      if (isOver(run)) return { isComplete: false, hasChanges };
    } else {
      const deltaLink = page.following.kind === 'delta' ? page.following.link : link;
      await writePage(run, page, { link: deltaLink, pageInPass: 0 }, readAt);
      return { isComplete: true, hasChanges };
    }
  }
}

/**
 * An id may be deleted and made again, and Dataverse lists updates before deletes: the delete of such a row can come on a
 * later page than the row. So deletes on later pages of rows that the destination holds are asked for by id, and the answer
 * is believed. (On one page, the Dataverse port has settled this.)
 */
async function settleDeletes(run: TableRun, page: ChangePage): Promise<ChangePage> {
  if (page.deletedIds.length === 0) return page;
  const { query } = run.shape;
  const stored = await run.destination.rowVersions(run.table, page.deletedIds);
  const keysOnly = { ...query, columns: [query.table.primaryId], hasAnnotations: false };
  const alive = await run.dataverse.readRows(keysOnly, [...stored.keys()]);
  if (alive.length === 0) return page;
  const aliveIds = new Set(alive.map((row) => String(row[query.table.primaryId]).toLowerCase()));
  let rows: readonly Row[];
  do rows = await run.dataverse.readRows(run.shape.query, [...aliveIds]);
  while (await renewShape(run));
  return {
    rows: [...page.rows, ...rows],
    deletedIds: page.deletedIds.filter((id) => !aliveIds.has(id)),
    following: page.following,
  };
}
