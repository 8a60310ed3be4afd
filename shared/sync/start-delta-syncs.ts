import type { Profile } from '../model/profile.ts';
import { newSyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

/**
 * Finds tables of active profiles whose turn vanished (poison, lost, crashed, or never sent) and starts them again.
 * The new turn voids the old one, should it still come.
 */
export async function startDeltaSyncs(ports: SyncPorts): Promise<void> {
  for (const profile of await ports.profiles.listActive()) {
    if (profile.scope === 'metadata') continue;
    for (const table of profile.tables) await reviveTable(profile, table.name, ports);
  }
}

async function reviveTable(profile: Profile, table: string, ports: SyncPorts): Promise<void> {
  const now = ports.clock.now();
  const { activation } = profile;
  const graceMilliseconds = ports.options.watchdogGraceSeconds * 1000;
  let overdueSeconds: number | undefined;
  const state = await ports.syncStates.update(profile.id, table, (old) => {
    overdueSeconds = undefined;
    if (old?.activation !== activation) {
      overdueSeconds = 0;
      const fresh = newSyncState(profile.id, table, activation, now.toISOString());
      const { turn = 0, successCount = 0, failureCount = 0 } = old ?? {};
      return { ...fresh, turn: turn + 1, successCount, failureCount };
    }
    const overdue = now.getTime() - Date.parse(old.dueAt);
    if (overdue < graceMilliseconds) return undefined;
    overdueSeconds = Math.round(overdue / 1000);
    return { ...old, turn: old.turn + 1, dueAt: now.toISOString() };
  });
  if (overdueSeconds === undefined || !state) return;
  await ports.queues.syncTable.send({ profileId: profile.id, table, activation, turn: state.turn });
  ports.telemetry.event('sync.turn.recovered', { profileId: profile.id, table, overdueSeconds });
  ports.log.warn(
    `Table "${table}" of profile "${profile.name}" was started again, ${overdueSeconds} s overdue.`,
  );
}
