import type { Pool } from 'pg';
import type { Row } from '../../model/change.ts';
import type { RetryWrite } from '../../ports/destination.ts';
import { againRejected, stillAsTried } from '../../schema/rejections.ts';
import { rowId } from '../../schema/row-id.ts';
import { noteDone, takeTurn } from './checkpoints.ts';
import { inTransaction } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { forgetRejectedRows, rejectedRowsById, updateRejectedRows } from './rejected-rows.ts';
import { pageRows } from './row-text.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writeRetries`. */
export async function writeRetries(pool: Pool, namespace: Namespace, retry: RetryWrite) {
  const { table, readAt } = retry;
  return inTransaction(pool, `try rejected rows of table "${table.name}" again`, async (client) => {
    await takeTurn(client, namespace, table.name, retry.turn);
    const ids = retry.tried.map(({ id }) => id);
    const stored = await rejectedRowsById(client, namespace, table.name, ids);
    const current = stillAsTried(stored, retry.tried);
    const isCurrent = (row: Row) => current.has(rowId(row, table.idSource));
    const page = pageRows(table, retry.rows.filter(isCurrent));
    // Whoever asks for a row again wants what Dataverse has; a refill may have been refused the version that is stored.
    const mode = retry.tried.some(({ isResync }) => isResync) ? 'reload' : 'refill';
    const writing = { mode, writtenAt: readAt, loadStartedAt: undefined } as const;
    const { refused } = await writeRows(client, { namespace, table }, page, writing);
    const gone = retry.goneIds.flatMap((id) => current.get(id) ?? []);
    const deletes = await removeRows(
      client,
      namespace,
      table.name,
      gone.map(({ id }) => id),
      retry.isDeleteLogged ? readAt : undefined,
    );
    const refusals = new Map([...refused, ...deletes.refused].map((refusal) => [refusal.id, refusal]));
    const seenIds = new Set([...page.rows.map(({ id }) => id), ...gone.map(({ id }) => id)]);
    const resolvedIds = [...seenIds].filter((id) => !refusals.has(id));
    const rejected = [...current.values()]
      .filter(({ id }) => refusals.has(id) || !seenIds.has(id))
      .map((row) => againRejected(row, refusals.get(row.id), retry.nextAttemptAt));
    await forgetRejectedRows(client, namespace, table.name, resolvedIds);
    await updateRejectedRows(client, namespace, table.name, rejected);
    await noteDone(client, namespace, table.name, {
      successCount: resolvedIds.length,
      ...(page.rows.length > 0 && { writtenAt: readAt }),
    });
    return { rejected };
  });
}
