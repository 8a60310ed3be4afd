import { ServiceError } from '../errors.ts';
import type { ChangePage, Row } from '../model/change.ts';
import { isOver, readTime, type TableRun, writePage } from './table-run.ts';

/**
 * Follows the changes since the last pass, page by page, until none is left or the time is over.
 * Tells whether the pass is complete and whether it found anything.
 */
export async function deltaSync(run: TableRun): Promise<{ isComplete: boolean; hasChanges: boolean }> {
  let hasChanges = run.checkpoint.pageInPass > 0;
  for (;;) {
    const { link, pageInPass, maxVersion, passVersion } = run.checkpoint;
    if (link === undefined)
      throw new ServiceError(
        'DATAVERSE_DELTA_TOKEN_EXPIRED',
        `Cannot follow table "${run.table}": it has no delta link.`,
      );
    const readAt = readTime(run);
    const kind = pageInPass === 0 ? 'delta' : 'next';
    const read = await run.dataverse.readPage({ kind, query: run.shape.query, link });
    const page = pageInPass === 0 ? read : await settleDeletes(run, read);
    hasChanges ||= page.rows.length > 0 || page.deletedIds.length > 0;
    if (page.following.kind === 'next') {
      const next = { link: page.following.link, pageInPass: pageInPass + 1 };
      await writePage(
        run,
        page,
        { ...next, passVersion: pageInPass === 0 ? maxVersion : passVersion },
        readAt,
      );
      if (isOver(run)) return { isComplete: false, hasChanges };
    } else {
      const deltaLink = page.following.kind === 'delta' ? page.following.link : link;
      await writePage(run, page, { link: deltaLink, pageInPass: 0 }, readAt);
      return { isComplete: true, hasChanges };
    }
  }
}

/**
 * An id may be deleted and made again in one pass, and Dataverse lists updates before deletes: a delete on a later page
 * of a row that this pass has already written is asked for by id, and the answer believed.
 */
async function settleDeletes(run: TableRun, page: ChangePage): Promise<ChangePage> {
  if (page.deletedIds.length === 0) return page;
  const versions = await run.destination.rowVersions(run.table, page.deletedIds);
  const passVersion = BigInt(run.checkpoint.passVersion);
  const doubtful = page.deletedIds.filter((id) => BigInt(versions.get(id) ?? '0') > passVersion);
  if (doubtful.length === 0) return page;
  const alive = await run.dataverse.readRows(run.shape.query, doubtful);
  const idOf = (row: Row) => String(row[run.shape.query.table.primaryId]).toLowerCase();
  const aliveIds = new Set(alive.map(idOf));
  return {
    rows: [...page.rows, ...alive],
    deletedIds: page.deletedIds.filter((id) => !aliveIds.has(id)),
    following: page.following,
  };
}
