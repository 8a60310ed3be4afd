import { exportOf, type Profile } from '../model/profile.ts';
import type { ResyncScope } from '../model/resync.ts';
import type { SyncState } from '../model/sync-state.ts';
import type { ApiPorts } from './api-ports.ts';

/** What a resync needs of the ports. */
export type ResyncPorts = Pick<ApiPorts, 'syncStates' | 'queues' | 'destinations' | 'clock'>;

/**
 * Has rows of one table exported again, which begins at once. The wish is in the destination before its message is sent: a
 * crash between leaves it to the table's next turn. Resolves to the number of rows, as the destination's `resync`;
 * undefined when the table is not exported with its rows, or nothing of it is there yet.
 */
export async function resyncTable(
  profile: Profile,
  table: string,
  scope: ResyncScope,
  ports: ResyncPorts,
): Promise<number | undefined> {
  const asked = exportOf(profile, table);
  if (asked?.scope !== 'all') return undefined;
  const destination = await ports.destinations.open(profile);
  const at = ports.clock.now();
  const count = await destination.resync(table, { profileId: profile.id, scope, at });
  if (count === undefined || (count === 0 && scope.kind !== 'table')) return count;
  if (scope.kind === 'table') {
    await wakeTable(profile.id, table, asked.activation, ports);
    return count;
  }
  const left = scope.kind === 'failed' ? 0 : ((await destination.checkpoint(table))?.failureCount ?? 0);
  await ports.syncStates.update(profile.id, table, (state) =>
    state?.activation === asked.activation ? withFailures(state, left) : undefined,
  );
  // No turn of the table: turns and retries of one table keep each other from writing.
  await ports.queues.retryRow.send({ profileId: profile.id, table });
  return count;
}

/** Failures that are tried again are none until they fail again: so many are left, or fewer if other calls have come since. */
function withFailures(state: SyncState, left: number): SyncState {
  const failureCount = Math.min(state.failureCount, left);
  const isMade = state.initialSyncState === 'CompletedWithFailures' && failureCount === 0;
  if (!isMade && failureCount === state.failureCount) return state;
  return { ...state, failureCount, ...(isMade && { initialSyncState: 'Completed' }) };
}

/**
 * Sends the table's next turn now instead of when it is due; the one that was sent is void. The state is written before
 * the message: a crash between them leaves an overdue turn, which the watchdog finds.
 */
async function wakeTable(
  profileId: string,
  table: string,
  activation: number,
  ports: ResyncPorts,
): Promise<void> {
  const dueAt = ports.clock.now().toISOString();
  let isOurs = false;
  const state = await ports.syncStates.update(profileId, table, (known) => {
    isOurs = known?.activation === activation;
    return known && isOurs ? { ...withFailures(known, 0), turn: known.turn + 1, dueAt } : undefined;
  });
  if (isOurs && state) await ports.queues.syncTable.send({ profileId, table, activation, turn: state.turn });
}
