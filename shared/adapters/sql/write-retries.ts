import type { Row } from '../../model/change.ts';
import type { RetryWrite } from '../../ports/destination.ts';
import { againRejected, stillAsTried } from '../../schema/rejections.ts';
import { rowId } from '../../schema/row-id.ts';
import { takeTurn } from './checkpoints.ts';
import type { InTransaction } from './dialect.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writeRetries`. */
export function writeRetries(inTransaction: InTransaction, retry: RetryWrite) {
  const { table, tried, readAt } = retry;
  const { name } = table;
  return inTransaction(`try rejected rows of table "${name}" again`, async (statements) => {
    const { checkpoints, rejectedRows, rows } = statements;
    await takeTurn(statements, name, retry.turn);
    const ids = tried.map(({ id }) => id);
    const current = stillAsTried(await rejectedRows.byId(name, ids), tried);
    const isCurrent = (row: Row) => current.has(rowId(row, table.idSource));
    const page = rows.page(table, retry.rows.filter(isCurrent));
    // Whoever asks for a row again wants what Dataverse has; a refill may have been refused the version that is stored.
    const mode = tried.some(({ isResync }) => isResync) ? 'reload' : 'refill';
    const writing = { mode, writtenAt: readAt, loadStartedAt: undefined } as const;
    const upserts = await writeRows(rows, name, page, writing);
    const goneIds = retry.goneIds.filter((id) => current.has(id));
    const deletes = await removeRows(rows, name, goneIds, retry.isDeleteLogged ? readAt : undefined);
    const refused = [...upserts.refused, ...deletes.refused];
    const refusals = new Map(refused.map((refusal) => [refusal.id, refusal]));
    const seenIds = new Set([...page.rows.map(({ id }) => id), ...goneIds]);
    const resolvedIds = [...seenIds].filter((id) => !refusals.has(id));
    const rejected = [...current.values()]
      .filter(({ id }) => refusals.has(id) || !seenIds.has(id))
      .map((row) => againRejected(row, refusals.get(row.id), retry.nextAttemptAt));
    await rejectedRows.forget(name, resolvedIds);
    await rejectedRows.update(name, rejected);
    await checkpoints.noteDone(name, {
      successCount: resolvedIds.length,
      ...(page.rows.length > 0 && { writtenAt: readAt }),
    });
    return { rejected };
  });
}
