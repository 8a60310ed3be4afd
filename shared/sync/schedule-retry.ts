import type { SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

/** A retry this long overdue is taken for lost. */
const lostAfterSeconds = 60;

/** Whether a retry has the table's rejected rows now; when it ends it sees to those that are still to come. */
export function isRetrying({ retryTakenUntil }: SyncState, now: Date): boolean {
  return retryTakenUntil !== undefined && Date.parse(retryTakenUntil) > now.getTime();
}

/** Sees to it that exactly one retry of the table's rejected rows is on its way; the state is written before the message. */
export async function scheduleRetry(
  profileId: string,
  table: string,
  at: Date,
  ports: Pick<SyncPorts, 'syncStates' | 'queues' | 'clock'>,
): Promise<void> {
  const moment = ports.clock.now();
  const now = moment.getTime();
  const dueAt = new Date(Math.max(at.getTime(), now)).toISOString();
  let isMine = false;
  await ports.syncStates.update(profileId, table, (state) => {
    isMine = false;
    if (!state || isRetrying(state, moment)) return undefined;
    if (state.retryDueAt && now - Date.parse(state.retryDueAt) < lostAfterSeconds * 1000) return undefined;
    isMine = true;
    return { ...state, retryDueAt: dueAt };
  });
  if (!isMine) return;
  const delaySeconds = Math.ceil((Date.parse(dueAt) - now) / 1000);
  await ports.queues.retryRow.send({ profileId, table, dueAt }, delaySeconds);
}
