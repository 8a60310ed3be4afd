import { hasCode, ServiceError } from '../errors.ts';
import { rowId } from '../schema/row-id.ts';
import { exportingProfile } from './exporting-profile.ts';
import type { SyncPorts } from './sync-ports.ts';

/**
 * Which of these rows (lower-case ids) the profile's destination would take now, as they are in Dataverse; a row that is
 * gone there would be deleted. Nothing is changed. None where the destination itself is at fault; undefined where the table
 * is not exported, or nothing of it is there yet.
 */
export async function wouldTake(
  profileId: string,
  table: string,
  ids: readonly string[],
  ports: SyncPorts,
): Promise<ReadonlySet<string> | undefined> {
  const profile = await exportingProfile(profileId, table, ports);
  if (!profile) return undefined;
  const dataverse = await ports.organizations.dataverse(profile.organizationId);
  try {
    const destination = await ports.destinations.open(profile);
    if ((await destination.checkpoint(table))?.profileId !== profileId) return undefined;
    const shape = await ports.shapes.of(profile, table, dataverse, destination);
    const rows = await dataverse.readRows(shape.query, ids);
    const found = new Set(rows.map((row) => rowId(row, shape.query.table.primaryId)));
    const goneIds = ids.filter((id) => !found.has(id));
    return await destination.wouldTake(shape.target, { rows, goneIds });
  } catch (error) {
    // Whatever is wrong with it, rows would not arrive.
    const isDestinations = error instanceof ServiceError && /^(DESTINATION|SECRET)_/.test(error.code);
    if (isDestinations && !hasCode(error, 'DESTINATION_TURN_LOST')) return new Set();
    throw error;
  }
}
