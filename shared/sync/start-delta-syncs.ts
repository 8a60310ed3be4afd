import { asServiceError } from '../errors.ts';
import { exportsOf, isDeleted, type Profile, type TableExport } from '../model/profile.ts';
import { renewedSyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

/**
 * Finds tables of active profiles whose turn is long overdue (poison, lost, crashed, or never sent) and sends it again. It
 * is the same turn: where the queue was merely long, the first message still counts and the second is void.
 */
export async function startDeltaSyncs(ports: SyncPorts): Promise<void> {
  for (const profile of await ports.profiles.listActive()) {
    for (const asked of exportsOf(profile)) {
      try {
        await reviveTable(profile, asked, ports);
      } catch (error) {
        ports.log.error(
          `Cannot look after table "${asked.table}" of profile "${profile.name}": ${asServiceError(error).message} The others go on.`,
        );
      }
    }
  }
}

async function reviveTable(
  profile: Profile,
  { table, activation }: TableExport,
  ports: SyncPorts,
): Promise<void> {
  const now = ports.clock.now();
  let overdueSeconds: number | undefined;
  const state = await ports.syncStates.update(profile.id, table, (old) => {
    overdueSeconds = undefined;
    if (old === undefined || old.activation < activation) {
      overdueSeconds = 0;
      return renewedSyncState(old, profile.id, table, activation, now.toISOString());
    }
    const overdue = (now.getTime() - Date.parse(old.dueAt)) / 1000;
    if (overdue < ports.options.watchdogGraceSeconds || old.activation > activation) return undefined;
    overdueSeconds = Math.round(overdue);
    return { ...old, dueAt: now.toISOString() };
  });
  if (overdueSeconds === undefined || !state) return;
  // A deletion since the profiles were listed has not seen a state that was written only now.
  if (isDeleted(await ports.profiles.get(profile.id))) return ports.syncStates.remove(profile.id);
  await ports.queues.syncTable.send({ profileId: profile.id, table, activation, turn: state.turn });
  ports.telemetry.event('sync.turn.recovered', { profileId: profile.id, table, overdueSeconds });
  ports.log.warn(
    `The turn of table "${table}" of profile "${profile.name}" was sent again, ${overdueSeconds} s overdue.`,
  );
}
