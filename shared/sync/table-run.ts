import { hasCode } from '../errors.ts';
import type { ChangePage } from '../model/change.ts';
import type { Checkpoint, CheckpointAdvance } from '../model/checkpoint.ts';
import type { Profile } from '../model/profile.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { Destination } from '../ports/destination.ts';
import { reportProgress } from './report-progress.ts';
import { scheduleRetry } from './schedule-retry.ts';
import type { SyncPorts } from './sync-ports.ts';
import type { TableShape } from './table-shape.ts';

/** One work item at work on one table. `checkpoint` is what the destination holds after the last write. */
export interface TableRun {
  readonly profile: Profile;
  readonly table: string;
  readonly turn: number;
  readonly shape: TableShape;
  readonly dataverse: Dataverse;
  readonly destination: Destination;
  readonly ports: SyncPorts;
  /** No new page is begun after this time (milliseconds since 1970); 0 once the work has become void. */
  endsAt: number;
  readonly done: { pages: number; writtenRows: number; deletedRows: number; rejectedRows: number };
  checkpoint: Checkpoint;
}

/** Whether the work item has had its time. */
export function isOver(run: TableRun): boolean {
  return run.ports.clock.now().getTime() >= run.endsAt;
}

/** The time of a read: never before the load it belongs to, so that clocks that differ cannot make a sweep delete its rows. */
export function readTime(run: Pick<TableRun, 'ports' | 'checkpoint'>): Date {
  const now = run.ports.clock.now();
  const { loadStartedAt } = run.checkpoint;
  return loadStartedAt !== undefined && new Date(loadStartedAt) > now ? new Date(loadStartedAt) : now;
}

/** Writes the page and moves the checkpoint, in one transaction; then sees to its rejected rows and to the status. */
export async function writePage(
  run: TableRun,
  page: Pick<ChangePage, 'rows' | 'deletedIds'>,
  advance: CheckpointAdvance,
  readAt: Date,
): Promise<void> {
  const { profile, ports } = run;
  const nextAttemptAt = new Date(ports.clock.now().getTime() + profile.retryPolicy.intervalSeconds * 1000);
  const result = await run.destination.writePage({
    table: run.shape.target,
    turn: run.checkpoint,
    advance,
    rows: page.rows,
    deletedIds: page.deletedIds,
    mode: run.checkpoint.needsSweep && run.checkpoint.phase !== 'delta' ? 'reload' : 'newer',
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

/** Whether another worker moved the checkpoint first: then the step is simply looked at again. */
export function isTurnLost(error: unknown): boolean {
  return hasCode(error, 'DESTINATION_TURN_LOST');
}
