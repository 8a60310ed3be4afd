import { exportOf } from '../model/profile.ts';
import type { SyncState } from '../model/sync-state.ts';
import type { TableRun } from './table-run.ts';

/** The state of a table that is there as its definition wants it. */
export function withTableMade(state: SyncState, now: Date): SyncState {
  const metadataCreatedAt = state.metadataCreatedAt ?? now.toISOString();
  return { ...state, metadataState: 'Created', metadataCreatedAt };
}

/** The parts of the state that follow the checkpoint. */
export function progressOf(run: TableRun, state: SyncState): SyncState {
  const { checkpoint } = run;
  const now = run.ports.clock.now();
  const isLoaded = checkpoint.phase === 'delta';
  const { loadRemainingSeconds: known, ...others } = withTableMade(state, now);
  const loadRemainingSeconds =
    checkpoint.phase === 'load' ? (remainingSeconds(run, now) ?? known) : undefined;
  return {
    ...others,
    ...(loadRemainingSeconds !== undefined && { loadRemainingSeconds }),
    phase: checkpoint.phase,
    initialSyncState: isLoaded ? loadedState(state, checkpoint.failureCount) : 'InProgress',
    ...(isLoaded && {
      initialSyncCompletedAt: state.initialSyncCompletedAt ?? now.toISOString(),
      lastDeltaSyncAt: now.toISOString(),
    }),
    ...(checkpoint.rowsExpected !== undefined && { rowsExpected: checkpoint.rowsExpected }),
    rowsLoaded: checkpoint.rowsLoaded,
    successCount: checkpoint.successCount,
    failureCount: checkpoint.failureCount,
  };
}

/** By the rows that this run has loaded; undefined before the first. */
function remainingSeconds({ loading, checkpoint }: TableRun, now: Date): number | undefined {
  const { rowsExpected, rowsLoaded } = checkpoint;
  const rows = rowsLoaded - (loading?.rowsLoaded ?? rowsLoaded);
  if (!loading || rowsExpected === undefined || rows <= 0) return undefined;
  const secondsARow = (now.getTime() - loading.since.getTime()) / 1000 / rows;
  // Rows that were created meanwhile are not expected.
  return Math.ceil(Math.max(0, rowsExpected - rowsLoaded) * secondsARow);
}

/** What the initial sync came to is decided once, when it ends. */
function loadedState(state: SyncState, failureCount: number): SyncState['initialSyncState'] {
  const isDecided = state.initialSyncCompletedAt !== undefined && state.initialSyncState !== 'InProgress';
  if (isDecided) return state.initialSyncState;
  return failureCount > 0 ? 'CompletedWithFailures' : 'Completed';
}

/**
 * Shows progress during a long load, and that this turn is alive. Where another turn has begun or the table is not
 * exported any more, this one ends after its page.
 */
export async function reportProgress(run: TableRun): Promise<void> {
  const { profile, ports } = run;
  let isMine = false;
  await ports.syncStates.update(profile.id, run.table, (state) => {
    isMine = state?.turn === run.turn && state.activation === run.activation;
    return state && isMine
      ? { ...progressOf(run, state), dueAt: ports.clock.now().toISOString() }
      : undefined;
  });
  const asked = exportOf(await ports.profiles.get(profile.id), run.table);
  if (!isMine || asked?.activation !== run.activation) run.isVoid = true;
}
