import type { PageResult, PageWrite, SweepStep } from '../../ports/destination.ts';
import { firstRejection } from '../../schema/rejections.ts';
import { moveCheckpoint, takeTurn } from './checkpoints.ts';
import type { SessionPool } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { inIsolatingTransaction } from './isolate-refused.ts';
import { unseenRows } from './merge.ts';
import { forgetRejectedRows, recordRejectedRows } from './rejected-rows.ts';
import { pageRows } from './row-values.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writePage`. */
export async function writePage(
  pool: SessionPool,
  namespace: Namespace,
  page: PageWrite,
): Promise<PageResult> {
  const { table, readAt, mode, nextAttemptAt } = page;
  const rows = pageRows(table, page.rows);
  return inIsolatingTransaction(pool, `write a page of table "${table.name}"`, async (session) => {
    const stored = await takeTurn(session, namespace, table.name, page.turn);
    const { loadStartedAt, isResync } = stored;
    const since = mode === 'reload' ? loadStartedAt : undefined;
    const writing = { mode, writtenAt: readAt, loadStartedAt: since };
    const upserts = await writeRows(session, { namespace, table }, rows, writing);
    const deletes = await removeRows(
      session,
      namespace,
      table.name,
      page.deletedIds,
      page.isDeleteLogged ? readAt : undefined,
    );
    const keptIds = new Set(deletes.refused.map(({ id }) => id));
    const goneIds = page.deletedIds.filter((id) => !keptIds.has(id));
    await forgetRejectedRows(session, namespace, table.name, goneIds);
    const rejected = await recordRejectedRows(session, namespace, table.name, [
      ...upserts.refused.map(firstRejection(table.name, readAt, nextAttemptAt, isResync)),
      ...deletes.refused.map(firstRejection(table.name, readAt, nextAttemptAt, isResync, 'Delete')),
    ]);
    const handledRows = rows.rows.length - upserts.refused.length;
    const successCount = handledRows + goneIds.length;
    const checkpoint = await moveCheckpoint(session, namespace, stored, page.advance, {
      successCount,
      ...(rows.rows.length > 0 && { writtenAt: readAt }),
    });
    return { checkpoint, writtenCount: upserts.writtenCount, deletedCount: deletes.deletedCount, rejected };
  });
}

/** Rows that one step of a sweep looks at, for each that it may delete: so that no statement runs for long. */
const rowsLookedAtPerDelete = 20;

/**
 * The port's `sweep`. During a sweep the checkpoint's link is the id after which the next step goes on, so that all steps
 * together read the table once.
 */
export async function sweepRows(pool: SessionPool, namespace: Namespace, step: SweepStep) {
  const { table, sweptAt, limit, before } = step;
  const { name } = table;
  return inIsolatingTransaction(pool, `sweep table "${name}"`, async (session) => {
    const stored = await takeTurn(session, namespace, name, step.turn);
    const { link, isResync } = stored;
    const length = limit * rowsLookedAtPerDelete;
    const { ids, end } = await unseenRows(session, namespace, name, before, { start: link, length, limit });
    const deletedAt = step.isDeleteLogged ? sweptAt : undefined;
    const { deletedCount, refused } = await removeRows(session, namespace, name, ids, deletedAt);
    const keptIds = new Set(refused.map(({ id }) => id));
    const goneIds = ids.filter((id) => !keptIds.has(id));
    await forgetRejectedRows(session, namespace, name, goneIds);
    const rejections = refused.map(firstRejection(name, sweptAt, sweptAt, isResync, 'Delete'));
    await recordRejectedRows(session, namespace, name, rejections);
    const advance = end === undefined ? { link: undefined, ...step.advance } : { link: end };
    const checkpoint = await moveCheckpoint(session, namespace, stored, advance, {
      successCount: deletedCount,
    });
    return { checkpoint, deletedCount };
  });
}
