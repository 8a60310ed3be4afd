import type { Row } from '../../model/change.ts';
import type { RetryWrite } from '../../ports/destination.ts';
import { againRejected, stillAsTried } from '../../schema/rejections.ts';
import { rowId } from '../../schema/row-id.ts';
import { noteDone, takeTurn } from './checkpoints.ts';
import type { SessionPool } from './connection.ts';
import type { Namespace } from './identifiers.ts';
import { inIsolatingTransaction } from './isolate-refused.ts';
import { forgetRejectedRows, rejectedRowsById, updateRejectedRows } from './rejected-rows.ts';
import { pageRows } from './row-values.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writeRetries`. */
export async function writeRetries(pool: SessionPool, namespace: Namespace, retry: RetryWrite) {
  const { table, readAt } = retry;
  return inIsolatingTransaction(pool, `try rejected rows of table "${table.name}" again`, async (session) => {
    await takeTurn(session, namespace, table.name, retry.turn);
    const ids = retry.tried.map(({ id }) => id);
    const stored = await rejectedRowsById(session, namespace, table.name, ids);
    const current = stillAsTried(stored, retry.tried);
    const isCurrent = (row: Row) => current.has(rowId(row, table.idSource));
    const page = pageRows(table, retry.rows.filter(isCurrent));
    // Whoever asks for a row again wants what Dataverse has; a refill may have been refused the version that is stored.
    const mode = retry.tried.some(({ isResync }) => isResync) ? 'reload' : 'refill';
    const writing = { mode, writtenAt: readAt, loadStartedAt: undefined } as const;
    const { refused } = await writeRows(session, { namespace, table }, page, writing);
    const gone = retry.goneIds.flatMap((id) => current.get(id) ?? []);
    const deletes = await removeRows(
      session,
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
    await forgetRejectedRows(session, namespace, table.name, resolvedIds);
    await updateRejectedRows(session, namespace, table.name, rejected);
    await noteDone(session, namespace, table.name, {
      successCount: resolvedIds.length,
      ...(page.rows.length > 0 && { writtenAt: readAt }),
    });
    return { rejected };
  });
}
