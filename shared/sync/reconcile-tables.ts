import { isComparisonDue, notCompared } from '../model/comparison.ts';
import { exportsOf, type TableExport } from '../model/profile.ts';
import type { SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';
import { withoutStopping } from './without-stopping.ts';

/**
 * Has loaded tables of active profiles compared with Dataverse when it is time to: by their own next turn, which knows what
 * is on its way (`withComparison`).
 */
export async function reconcileTables(ports: SyncPorts): Promise<void> {
  if (ports.options.comparison.rows === 0) return;
  for (const profile of await ports.profiles.listActive())
    await withoutStopping(`Cannot plan to compare tables of profile "${profile.name}"`, ports, async () => {
      const states = new Map((await ports.syncStates.list(profile.id)).map((state) => [state.table, state]));
      for (const asked of exportsOf(profile)) {
        const { table } = asked;
        if (!isDue(states.get(table), asked, ports)) continue;
        await ports.syncStates.update(profile.id, table, (state) =>
          state && isDue(state, asked, ports)
            ? { ...state, comparison: { ...(state.comparison ?? notCompared), isDue: true } }
            : undefined,
        );
      }
    });
}

function isDue(
  state: SyncState | undefined,
  { activation, scope }: TableExport,
  { clock, options }: SyncPorts,
): boolean {
  if (scope !== 'all' || state?.activation !== activation || state.phase !== 'delta') return false;
  const known = state.comparison ?? notCompared;
  return !known.isDue && isComparisonDue(known, options.comparison, clock.now());
}
