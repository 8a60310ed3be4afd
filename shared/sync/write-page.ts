import type { Checkpoint, CheckpointAdvance } from '../model/checkpoint.ts';
import type { PageWrite } from '../ports/destination.ts';
import { columnsNoted } from './columns-noted.ts';
import type { ShapedPage } from './read-current.ts';
import { reportProgress } from './report-progress.ts';
import { scheduleRetry } from './schedule-retry.ts';
import type { TableRun } from './table-run.ts';

const modeOf = ({ needsSweep, phase }: Checkpoint) => (needsSweep && phase !== 'delta' ? 'reload' : 'newer');

/**
 * Writes the page, with the columns that it was read with, and moves the checkpoint, in one transaction; then sees to its
 * rejected rows and to the status.
 */
export async function writePage(
  run: TableRun,
  page: ShapedPage,
  advance: CheckpointAdvance,
  readAt: Date,
  mode: PageWrite['mode'] = modeOf(run.checkpoint),
): Promise<void> {
  const { profile, ports } = run;
  const nextAttemptAt = new Date(ports.clock.now().getTime() + profile.retryPolicy.intervalSeconds * 1000);
  const result = await run.destination.writePage({
    table: page.shape.target,
    turn: run.checkpoint,
    advance: { ...advance, ...columnsNoted(run.checkpoint, page.shape.target) },
    rows: page.rows,
    deletedIds: page.deletedIds,
    mode,
    readAt,
    isDeleteLogged: profile.writeDeleteLog,
    nextAttemptAt,
  });
  run.checkpoint = result.checkpoint;
  run.done.pages += 1;
  run.done.writtenRows += result.writtenCount;
  run.done.deletedRows += result.deletedCount;
  run.done.rejectedRows += result.rejected.length;
  if (result.rejected.length > 0) await scheduleRetry(profile.id, run.table, nextAttemptAt, ports);
  // The last page of a delta is told with the end of the turn, which spares every idle table a write.
  if (run.checkpoint.phase !== 'delta' || run.checkpoint.pageInPass > 0) await reportProgress(run);
}

/** Moves the checkpoint without rows. */
export async function advanceCheckpoint(run: TableRun, advance: CheckpointAdvance): Promise<void> {
  run.checkpoint = await run.destination.advance(run.table, run.checkpoint, advance);
  if (run.checkpoint.phase !== 'delta') await reportProgress(run);
}

/** Begins the load anew because the delta token is lost; rows stay readable and are swept afterwards. */
export async function restartLoad(run: TableRun, why: string): Promise<void> {
  run.ports.log.warn(`Table "${run.table}" of profile "${run.profile.name}" is loaded again: ${why}`);
  run.checkpoint = await run.destination.restart(run.table, run.checkpoint);
}
