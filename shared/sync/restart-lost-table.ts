import { hasCode, ServiceError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import type { SyncPorts } from './sync-ports.ts';

/**
 * A table that was removed, or whose changes are not tracked any more: what happens to its rows until it is back, no delta
 * link tells. So the load is to begin anew then, with a sweep; nothing is deleted before. Does nothing for other faults, nor
 * where the load has not begun.
 */
export async function restartLostTable(
  profile: Profile,
  table: string,
  fault: unknown,
  ports: SyncPorts,
): Promise<void> {
  if (!hasCode(fault, 'DATAVERSE_TABLE_MISSING', 'DATAVERSE_TRACKING_OFF')) return;
  try {
    const destination = await ports.destinations.open(profile);
    const checkpoint = await destination.checkpoint(table);
    if (checkpoint?.profileId !== profile.id) return;
    if (checkpoint.phase === 'identity' && checkpoint.link === undefined) return;
    await destination.restart(table, checkpoint);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // The next turn meets the same fault, and tries it again.
    ports.log.warn(`Table "${table}" of profile "${profile.name}" cannot be reset yet: ${error.message}`);
  }
}
