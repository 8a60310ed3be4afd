import type { Pool } from 'pg';
import type { PageResult, PageWrite, SweepStep } from '../../ports/destination.ts';
import { firstRejection } from '../../schema/rejections.ts';
import { moveCheckpoint, takeTurn } from './checkpoints.ts';
import { inTransaction } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { unseenRows } from './merge.ts';
import { forgetRejectedRows, recordRejectedRows } from './rejected-rows.ts';
import { pageRows } from './row-text.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writePage`. */
export async function writePage(pool: Pool, namespace: Namespace, page: PageWrite): Promise<PageResult> {
  const { table, readAt, mode, nextAttemptAt } = page;
  const rows = pageRows(table, page.rows);
  return inTransaction(pool, `write a page of table "${table.name}"`, async (client) => {
    const { loadStartedAt, isResync } = await takeTurn(client, namespace, table.name, page.turn);
    const since = mode === 'reload' ? loadStartedAt : undefined;
    const writing = { mode, writtenAt: readAt, loadStartedAt: since };
    const upserts = await writeRows(client, { namespace, table }, rows, writing);
    const deletes = await removeRows(
      client,
      namespace,
      table.name,
      page.deletedIds,
      page.isDeleteLogged ? readAt : undefined,
    );
    const keptIds = new Set(deletes.refused.map(({ id }) => id));
    const goneIds = page.deletedIds.filter((id) => !keptIds.has(id));
    await forgetRejectedRows(client, namespace, table.name, goneIds);
    const rejected = await recordRejectedRows(client, namespace, table.name, [
      ...upserts.refused.map(firstRejection(table.name, readAt, nextAttemptAt, isResync)),
      ...deletes.refused.map(firstRejection(table.name, readAt, nextAttemptAt, isResync, 'Delete')),
    ]);
    const handledRows = rows.rows.length - upserts.refused.length;
    const successCount = handledRows + goneIds.length;
    const checkpoint = await moveCheckpoint(client, namespace, table.name, page.advance, {
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
export async function sweepRows(pool: Pool, namespace: Namespace, step: SweepStep) {
  const { table, sweptAt, limit, before } = step;
  const { name } = table;
  return inTransaction(pool, `sweep table "${name}"`, async (client) => {
    const { link, isResync } = await takeTurn(client, namespace, name, step.turn);
    const length = limit * rowsLookedAtPerDelete;
    const { ids, end } = await unseenRows(client, namespace, name, before, { start: link, length, limit });
    const deletedAt = step.isDeleteLogged ? sweptAt : undefined;
    const { deletedCount, refused } = await removeRows(client, namespace, name, ids, deletedAt);
    const keptIds = new Set(refused.map(({ id }) => id));
    const goneIds = ids.filter((id) => !keptIds.has(id));
    await forgetRejectedRows(client, namespace, name, goneIds);
    const rejections = refused.map(firstRejection(name, sweptAt, sweptAt, isResync, 'Delete'));
    await recordRejectedRows(client, namespace, name, rejections);
    const advance = end === undefined ? { link: undefined, ...step.advance } : { link: end };
    const checkpoint = await moveCheckpoint(client, namespace, name, advance, {
      successCount: deletedCount,
    });
    return { checkpoint, deletedCount };
  });
}
