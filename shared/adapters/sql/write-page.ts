import type { RejectedRow } from '../../model/rejected-row.ts';
import type { PageResult, PageWrite, SweepStep } from '../../ports/destination.ts';
import { firstRejection } from '../../schema/rejections.ts';
import { takeTurn } from './checkpoints.ts';
import type { InTransaction } from './dialect.ts';
import type { RejectedRowStatements, Statements } from './statements.ts';
import { removeRows, writeRows } from './write-rows.ts';

/** The port's `writePage`: one transaction takes the turn, writes, deletes, records what is refused, and moves the checkpoint. */
export function writePage(inTransaction: InTransaction, write: PageWrite): Promise<PageResult> {
  const { table, readAt, mode, nextAttemptAt, deletedIds } = write;
  const { name } = table;
  return inTransaction(`write a page of table "${name}"`, async (statements) => {
    const { checkpoints, rejectedRows, rows } = statements;
    const page = rows.page(table, write.rows);
    const stored = await takeTurn(statements, name, write.turn);
    const { isResync } = stored;
    const loadStartedAt = mode === 'reload' ? stored.loadStartedAt : undefined;
    const upserts = await writeRows(rows, name, page, { mode, writtenAt: readAt, loadStartedAt });
    const deletedAt = write.isDeleteLogged ? readAt : undefined;
    const deletes = await removeRows(rows, name, deletedIds, deletedAt);
    const goneIds = withoutRefused(deletedIds, deletes.refused);
    await rejectedRows.forget(name, goneIds);
    const rejected = await recorded(rejectedRows, name, [
      ...upserts.refused.map(firstRejection(name, readAt, nextAttemptAt, isResync)),
      ...deletes.refused.map(firstRejection(name, readAt, nextAttemptAt, isResync, 'Delete')),
    ]);
    const handledRows = page.rows.length - upserts.refused.length;
    const checkpoint = await checkpoints.move(stored, write.advance, {
      successCount: handledRows + goneIds.length,
      ...(page.rows.length > 0 && { writtenAt: readAt }),
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
export function sweepRows(inTransaction: InTransaction, step: SweepStep) {
  const { sweptAt, limit, before } = step;
  const { name } = step.table;
  return inTransaction(`sweep table "${name}"`, async (statements: Statements) => {
    const { checkpoints, rejectedRows, rows } = statements;
    const stored = await takeTurn(statements, name, step.turn);
    const length = limit * rowsLookedAtPerDelete;
    const { ids, end } = await rows.unseen(name, before, { start: stored.link, length, limit });
    const deletedAt = step.isDeleteLogged ? sweptAt : undefined;
    const { deletedCount, refused } = await removeRows(rows, name, ids, deletedAt);
    await rejectedRows.forget(name, withoutRefused(ids, refused));
    const rejection = firstRejection(name, sweptAt, sweptAt, stored.isResync, 'Delete');
    await recorded(rejectedRows, name, refused.map(rejection));
    const advance = end === undefined ? { link: undefined, ...step.advance } : { link: end };
    const checkpoint = await checkpoints.move(stored, advance, { successCount: deletedCount });
    return { checkpoint, deletedCount };
  });
}

function withoutRefused(ids: readonly string[], refused: readonly { readonly id: string }[]): string[] {
  const keptIds = new Set(refused.map(({ id }) => id));
  return ids.filter((id) => !keptIds.has(id));
}

/** Records rejected rows and returns them as they are recorded. */
async function recorded(
  rejectedRows: RejectedRowStatements,
  table: string,
  rejections: readonly RejectedRow[],
): Promise<readonly RejectedRow[]> {
  if (rejections.length === 0) return [];
  await rejectedRows.record(table, rejections);
  const ids = rejections.map(({ id }) => id);
  return rejectedRows.byId(table, ids);
}
