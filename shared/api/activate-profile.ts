import { atMost } from '../at-most.ts';
import type { ApiRequest } from '../model/api-request.ts';
import {
  activated,
  type ExportScope,
  exportsOf,
  isDeleted,
  type Profile,
  type TableExport,
} from '../model/profile.ts';
import { renewedSyncState } from '../model/sync-state.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile, notDeleted } from './live-profile.ts';
import { requirePrivacyTerms } from './privacy-terms.ts';
import { statusResponse } from './wire-format.ts';

/** A profile may have thousands of tables; more at once are not answered sooner. */
const startsAtOnce = 32;

/**
 * Starts one table unless that was done for this activation. The state is written before the message: a crash between
 * them leaves an overdue turn, which the watchdog finds; the other way round, the message would find no state and be void.
 */
async function startTable(
  profileId: string,
  { table, activation }: TableExport,
  now: string,
  ports: ApiPorts,
): Promise<void> {
  let isNew = false;
  const state = await ports.syncStates.update(profileId, table, (known) => {
    isNew = known === undefined || known.activation < activation;
    return isNew ? renewedSyncState(known, profileId, table, activation, now) : known;
  });
  if (isNew && state !== undefined)
    await ports.queues.syncTable.send({ profileId, table, activation, turn: state.turn });
}

/** What an activation needs that may have changed since the profile was stored. The database may be down: it is waited for. */
async function requireWayToDestination(profile: Profile, ports: ApiPorts): Promise<void> {
  await requirePrivacyTerms(profile.organizationId, ports);
  await ports.destinations.open(profile, { isFresh: true });
}

/**
 * Sees to it that the profile is active and all its tables are exported in the scope or a wider one; tables that an
 * interrupted activation left out are started too. What is exported already goes on as it was.
 */
export async function activateProfile(request: ApiRequest, scope: ExportScope, ports: ApiPorts) {
  const known = await liveProfile(request, 'manage', ports);
  const { id } = known;
  if (activated(known, scope) !== known) await requireWayToDestination(known, ports);
  const now = ports.clock.now().toISOString();
  const profile = await ports.profiles.update(id, (current) => {
    const next = activated(notDeleted(current), scope);
    return next === current ? current : { ...next, activatedAt: now, lastModifiedAt: now };
  });
  const inTurn = atMost(startsAtOnce);
  await Promise.all(exportsOf(profile).map((asked) => inTurn(() => startTable(id, asked, now, ports))));
  // A deletion at the same moment may have come between: then it has not seen the states that were just written.
  if (isDeleted(await ports.profiles.get(id))) await ports.syncStates.remove(id);
  return statusResponse(profile);
}
