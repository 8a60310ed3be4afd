import type { SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

/** A retry this long overdue is taken for lost; one that failed comes again sooner (`visibilityTimeout` in host.json). */
const lostAfterSeconds = 60;

/** Clocks of two instances differ by less; and for less no message is replaced by an earlier one. */
const slackSeconds = 5;

const timeOf = (moment: string | undefined) => (moment === undefined ? 0 : Date.parse(moment));

/** Whether a retry has the table's rejected rows now; when it ends it sees to those that are still to come. */
export function isRetrying({ retryTakenUntil }: SyncState, now: Date): boolean {
  return timeOf(retryTakenUntil) > now.getTime();
}

/**
 * Sees to it that exactly one retry of the table's rejected rows is on its way, for this time or an earlier one; a later one
 * becomes void. While a retry has the rows, it is due when that one's time is over: it works only if that one died. The state
 * is written before the message.
 */
export async function scheduleRetry(
  profileId: string,
  table: string,
  at: Date,
  ports: Pick<SyncPorts, 'syncStates' | 'queues' | 'clock'>,
): Promise<void> {
  const moment = ports.clock.now();
  const now = moment.getTime();
  let due: number | undefined;
  await ports.syncStates.update(profileId, table, (state) => {
    due = undefined;
    if (!state) return undefined;
    const takenUntil = timeOf(state.retryTakenUntil);
    const earliest = isRetrying(state, moment) ? takenUntil + slackSeconds * 1000 : now;
    const wanted = Math.max(at.getTime(), earliest);
    const known = timeOf(state.retryDueAt);
    const isLost = now - Math.max(known, takenUntil) >= lostAfterSeconds * 1000;
    if (state.retryDueAt && !isLost && known <= wanted + slackSeconds * 1000) return undefined;
    due = wanted;
    return { ...state, retryDueAt: new Date(wanted).toISOString() };
  });
  if (due === undefined) return;
  const item = { profileId, table, dueAt: new Date(due).toISOString() };
  await ports.queues.retryRow.send(item, Math.ceil((due - now) / 1000));
}
