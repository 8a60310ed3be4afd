import type { SyncState } from '../model/sync-state.ts';
import type { TableRun } from './table-run.ts';

/** The parts of the state that follow the checkpoint. */
export function progressOf(run: TableRun, state: SyncState): SyncState {
  const { checkpoint } = run;
  const now = run.ports.clock.now().toISOString();
  const isLoaded = checkpoint.phase === 'delta';
  return {
    ...state,
    phase: checkpoint.phase,
    metadataState: 'Created',
    metadataCreatedAt: state.metadataCreatedAt ?? now,
    initialSyncState: isLoaded ? loadedState(state, checkpoint.failureCount) : 'InProgress',
    ...(isLoaded && { initialSyncCompletedAt: state.initialSyncCompletedAt ?? now, lastDeltaSyncAt: now }),
    ...(checkpoint.rowsExpected !== undefined && { rowsExpected: checkpoint.rowsExpected }),
    rowsLoaded: checkpoint.rowsLoaded,
    successCount: checkpoint.successCount,
    failureCount: checkpoint.failureCount,
  };
}

/** What the initial sync came to is decided once, when it ends. */
function loadedState(state: SyncState, failureCount: number): SyncState['initialSyncState'] {
  const isDecided = state.initialSyncCompletedAt !== undefined && state.initialSyncState !== 'InProgress';
  if (isDecided) return state.initialSyncState;
  return failureCount > 0 ? 'CompletedWithFailures' : 'Completed';
}

/**
 * Shows progress during a long load, and that this turn is alive. Where another turn has begun or the profile is not
 * active any more, this one ends after its page.
 */
export async function reportProgress(run: TableRun): Promise<void> {
  const { profile, ports } = run;
  let isMine = false;
  await ports.syncStates.update(profile.id, run.table, (state) => {
    isMine = state?.turn === run.turn && state.activation === profile.activation;
    return state && isMine
      ? { ...progressOf(run, state), dueAt: ports.clock.now().toISOString() }
      : undefined;
  });
  const now = await ports.profiles.get(profile.id);
  if (!isMine || now?.state !== 'active' || now.activation !== profile.activation) run.endsAt = 0;
}
