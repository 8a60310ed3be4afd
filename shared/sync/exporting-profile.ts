import { exportOf, type Profile } from '../model/profile.ts';
import type { SyncPorts } from './sync-ports.ts';

/** The profile as it is now, unless it does not export the rows of this table any more. */
export async function exportingProfile(
  profileId: string,
  table: string,
  { profiles }: SyncPorts,
): Promise<Profile | undefined> {
  const profile = await profiles.get(profileId);
  return exportOf(profile, table)?.scope === 'all' ? profile : undefined;
}
