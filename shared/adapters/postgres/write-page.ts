import type { Pool } from 'pg';
import type { ChangeType } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { PageResult, PageWrite, SweepStep } from '../../ports/destination.ts';
import { moveCheckpoint, takeTurn } from './checkpoints.ts';
import { inTransaction } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { ensureStage } from './load-staging.ts';
import { unseenIds } from './merge.ts';
import { forgetRejectedRows, recordRejectedRows } from './rejected-rows.ts';
import { pageRows } from './row-text.ts';
import { type Refusal, removeRows, writeRows } from './write-rows.ts';

const firstRejection =
  (table: string, noticedAt: Date, nextAttemptAt: Date, changeType?: ChangeType) =>
  ({ id, version, code, reason, exists }: Refusal): RejectedRow => ({
    table,
    id,
    version,
    changeType: changeType ?? (exists ? 'Update' : 'New'),
    noticedAt: noticedAt.toISOString(),
    attempts: 1,
    nextAttemptAt: nextAttemptAt.toISOString(),
    code,
    reason,
  });

/** The port's `writePage`. */
export async function writePage(pool: Pool, namespace: Namespace, page: PageWrite): Promise<PageResult> {
  const { table, readAt, mode, nextAttemptAt } = page;
  const rows = pageRows(table, page.rows);
  let stage = '';
  return inTransaction(
    pool,
    `write a page of table "${table.name}"`,
    async (client) => {
      await takeTurn(client, namespace, table.name, page.turn);
      const target = { namespace, table, stage };
      const upserts = await writeRows(client, target, rows, mode, readAt);
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
        ...upserts.refused.map(firstRejection(table.name, readAt, nextAttemptAt)),
        ...deletes.refused.map(firstRejection(table.name, readAt, nextAttemptAt, 'Delete')),
      ]);
      const handledRows = rows.rows.length - upserts.refused.length;
      const successCount = handledRows + goneIds.length;
      const checkpoint = await moveCheckpoint(client, namespace, table.name, page.advance, successCount);
      return { checkpoint, writtenCount: upserts.writtenCount, deletedCount: deletes.deletedCount, rejected };
    },
    async (client) => {
      if (page.rows.length > 0) stage = await ensureStage(client, table);
    },
  );
}

/** The port's `sweep`. */
export async function sweepRows(pool: Pool, namespace: Namespace, step: SweepStep) {
  const { table, sweptAt } = step;
  return inTransaction(pool, `sweep table "${table.name}"`, async (client) => {
    await takeTurn(client, namespace, table.name, step.turn);
    const ids = await unseenIds(client, namespace, table.name, step.before, step.limit);
    const { deletedCount, refused } = await removeRows(
      client,
      namespace,
      table.name,
      ids,
      step.isDeleteLogged ? sweptAt : undefined,
    );
    await recordRejectedRows(
      client,
      namespace,
      table.name,
      refused.map(firstRejection(table.name, sweptAt, sweptAt, 'Delete')),
    );
    const isDone = ids.length < step.limit;
    const advance = isDone ? step.advance : {};
    const checkpoint = await moveCheckpoint(client, namespace, table.name, advance, deletedCount);
    return { checkpoint, deletedCount };
  });
}
