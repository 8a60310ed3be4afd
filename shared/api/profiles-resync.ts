import { atMost } from '../at-most.ts';
import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import { exportsOf, type Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile } from './live-profile.ts';
import { type ResyncRequest, readResyncRequest } from './resync-request.ts';
import { resyncTable } from './resync-table.ts';
import { quoted } from './wire-members.ts';

/** Each is a transaction in the destination. */
const tablesAtOnce = 8;

/** Of failed rows only tables that have some are asked for. */
async function tablesOf(profile: Profile, { scope, table }: ResyncRequest, { syncStates }: ApiPorts) {
  if (table !== undefined) return [table];
  const states = await syncStates.list(profile.id);
  const wanted = new Set(
    states
      .filter(({ failureCount }) => scope.kind !== 'failed' || failureCount > 0)
      .map((state) => state.table),
  );
  return exportsOf(profile).flatMap((asked) => (wanted.has(asked.table) ? [asked.table] : []));
}

/**
 * DES: the command "Resync failed records" of the user interface, which the description of 2016 has no route for; and the
 * same for a table or rows by id. Answers the tables and how many rows of each are exported again; what is refused then
 * is in the folder `forcerefreshfailurelog`.
 */
export async function profilesResync(request: ApiRequest, ports: ApiPorts) {
  const profile = await liveProfile(request, 'operate', ports);
  if (!exportsOf(profile).some(({ scope }) => scope === 'all'))
    throw new ServiceError(
      'PROFILE_NOT_ACTIVE',
      `Cannot resync profile ${quoted(profile.name)}: it exports no rows now; expected an active profile.`,
      { parameters: [profile.id] },
    );
  const wish = readResyncRequest(request.body, profile);
  const inTurn = atMost(tablesAtOnce);
  const counts = await Promise.all(
    (await tablesOf(profile, wish, ports)).map((table) =>
      inTurn(async () => ({ table, count: await resyncTable(profile, table, wish.scope, ports) })),
    ),
  );
  return {
    Id: profile.id,
    Entities: counts.flatMap(({ table, count = 0 }) =>
      count > 0 || wish.table === table ? [{ Type: table, RecordCount: count }] : [],
    ),
  };
}
