import { exportsOf, isDeleted, type Profile, type TableExport } from '../model/profile.ts';
import { renewedSyncState, type SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';
import { withoutStopping } from './without-stopping.ts';

/**
 * Finds tables of active profiles whose turn is long overdue (poison, lost, crashed, or never sent) and sends it again. It
 * is the same turn: where the queue was merely long, the first message still counts and the second is void.
 */
export async function startDeltaSyncs(ports: SyncPorts): Promise<void> {
  for (const profile of await ports.profiles.listActive())
    await withoutStopping(`Cannot look after profile "${profile.name}"`, ports, async () => {
      const states = new Map((await ports.syncStates.list(profile.id)).map((state) => [state.table, state]));
      for (const asked of exportsOf(profile)) {
        const { table } = asked;
        if (overdueSeconds(states.get(table), asked, ports) === undefined) continue;
        const doing = `Cannot look after table "${table}" of profile "${profile.name}"`;
        await withoutStopping(doing, ports, () => reviveTable(profile, asked, ports));
      }
    });
}

/** How long the turn is overdue; undefined when it is not, or not by enough. */
function overdueSeconds(
  state: SyncState | undefined,
  { activation }: TableExport,
  { clock, options }: SyncPorts,
): number | undefined {
  if (state === undefined || state.activation < activation) return 0;
  const overdue = (clock.now().getTime() - Date.parse(state.dueAt)) / 1000;
  const isLate = overdue >= options.watchdogGraceSeconds && state.activation === activation;
  return isLate ? Math.round(overdue) : undefined;
}

async function reviveTable(profile: Profile, asked: TableExport, ports: SyncPorts): Promise<void> {
  const { table, activation } = asked;
  const dueAt = ports.clock.now().toISOString();
  let overdue: number | undefined;
  const state = await ports.syncStates.update(profile.id, table, (old) => {
    overdue = overdueSeconds(old, asked, ports);
    if (overdue === undefined) return undefined;
    if (old?.activation === activation) return { ...old, dueAt };
    return renewedSyncState(old, profile.id, table, activation, dueAt);
  });
  if (overdue === undefined || !state) return;
  // A deletion since the profiles were listed has not seen a state that was written only now.
  if (isDeleted(await ports.profiles.get(profile.id))) return ports.syncStates.remove(profile.id);
  await ports.queues.syncTable.send({ profileId: profile.id, table, activation, turn: state.turn });
  ports.telemetry.event('sync.turn.recovered', { profileId: profile.id, table, overdueSeconds: overdue });
  ports.log.warn(
    `The turn of table "${table}" of profile "${profile.name}" was sent again, ${overdue} s overdue.`,
  );
}
