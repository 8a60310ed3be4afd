import type { SyncPorts } from './sync-ports.ts';

/** A retry this long overdue is taken for lost. */
const lostAfterSeconds = 60;

/** Sees to it that exactly one retry of the table's rejected rows is on its way; the state is written before the message. */
export async function scheduleRetry(
  profileId: string,
  table: string,
  at: Date,
  ports: Pick<SyncPorts, 'syncStates' | 'queues' | 'clock'>,
): Promise<void> {
  const now = ports.clock.now().getTime();
  const dueAt = new Date(Math.max(at.getTime(), now)).toISOString();
  let isMine = false;
  await ports.syncStates.update(profileId, table, (state) => {
    isMine = false;
    if (!state) return undefined;
    if (state.retryDueAt && now - Date.parse(state.retryDueAt) < lostAfterSeconds * 1000) return undefined;
    isMine = true;
    return { ...state, retryDueAt: dueAt };
  });
  if (!isMine) return;
  const delaySeconds = Math.ceil((Date.parse(dueAt) - now) / 1000);
  await ports.queues.retryRow.send({ profileId, table, dueAt }, delaySeconds);
}
