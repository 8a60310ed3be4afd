import type { ApiRequest } from '../model/api-request.ts';
import type { Profile } from '../model/profile.ts';
import { newSyncState } from '../model/sync-state.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile, notDeleted } from './live-profile.ts';
import { statusResponse } from './wire-format.ts';

/**
 * Starts one table of this activation unless that was done. The state is written before the message: a crash between
 * them leaves an overdue turn, which the watchdog finds; the other way round, the message would find no state and be void.
 */
async function startTable(profile: Profile, table: string, now: string, ports: ApiPorts): Promise<void> {
  let isNew = false;
  const state = await ports.syncStates.update(profile.id, table, (known) => {
    isNew = known === undefined || known.activation < profile.activation;
    if (!isNew) return known;
    const { successCount = 0, failureCount = 0 } = known ?? {};
    return { ...newSyncState(profile.id, table, profile.activation, now), successCount, failureCount };
  });
  if (isNew && state !== undefined)
    await ports.queues.syncTable.send({
      profileId: profile.id,
      table,
      activation: state.activation,
      turn: state.turn,
    });
}

/**
 * Starts replication of the profile's tables. On a profile that is active already, only tables that an interrupted
 * activation left out are started. Counters go on from an earlier activation.
 */
export async function profilesActivate(request: ApiRequest, ports: ApiPorts) {
  const { id } = await liveProfile(request, 'manage', ports);
  const now = ports.clock.now().toISOString();
  const profile = await ports.profiles.update(id, (current) =>
    notDeleted(current).state === 'active'
      ? current
      : {
          ...current,
          state: 'active',
          activation: current.activation + 1,
          activatedAt: now,
          lastModifiedAt: now,
        },
  );
  await Promise.all(profile.tables.map(({ name }) => startTable(profile, name, now, ports)));
  return statusResponse(profile);
}
