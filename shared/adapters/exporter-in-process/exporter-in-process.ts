import { ServiceError } from '../../errors.ts';
import { exportOf, type Profile } from '../../model/profile.ts';
import { idOf, idOfDescribed } from '../../model/same-description.ts';
import { tableStates } from '../../model/sync-state.ts';
import type { Organizations } from '../../ports/dataverse.ts';
import type { ProfileDestinations } from '../../ports/destination.ts';
import type { ExporterApi } from '../../ports/exporter-api.ts';
import type { FailureLog } from '../../ports/failure-log.ts';
import type { ProfileStore } from '../../ports/profile-store.ts';
import type { SyncStates } from '../../ports/sync-states.ts';

/** Operations of the API that change profiles; their answers are those of the REST API. */
export interface ProfileCalls {
  list(organizationId: string): Promise<unknown>;
  create(description: unknown): Promise<unknown>;
  activate(profileId: string): Promise<unknown>;
  deactivate(profileId: string): Promise<unknown>;
}

/** Where the exporter of this app keeps what the automation asks for. */
export interface ExporterInProcessParts {
  readonly profiles: ProfileStore;
  readonly syncStates: SyncStates;
  readonly organizations: Pick<Organizations, 'all'>;
  readonly failureLog: Pick<FailureLog, 'link'>;
  readonly destinations: ProfileDestinations;
  readonly calls: ProfileCalls;
}

/** The exporter in this app, without a detour over HTTP and a token. It can tell row versions, which a foreign one cannot. */
export function exporterInProcess(parts: ExporterInProcessParts): ExporterApi {
  const { profiles, syncStates, organizations, failureLog, destinations, calls } = parts;
  return {
    async profiles() {
      const lists = await Promise.all((await organizations.all()).map(({ id }) => profiles.list(id)));
      const live = lists.flat().filter(({ state }) => state !== 'deleted');
      return Promise.all(live.map((profile) => withStatus(profile, syncStates)));
    },
    async profile(profileId) {
      const profile = await profiles.get(profileId);
      return profile && withStatus(profile, syncStates);
    },
    profileWith: async (organizationId, description) =>
      idOfDescribed(JSON.parse(JSON.stringify(await calls.list(organizationId))), description),
    createProfile: async (description) => idOf(await calls.create(description)) ?? '',
    activate: async (profileId) => void (await calls.activate(profileId)),
    deactivate: async (profileId) => void (await calls.deactivate(profileId)),
    exports: async (profileId, table) => exportOf(await profiles.get(profileId), table)?.scope === 'all',
    failureLink: (profileId) => failureLog.link(profileId),
    async rowVersions(profileId, table, ids) {
      const profile = await profiles.get(profileId);
      if (!profile)
        throw new ServiceError(
          'PROFILE_NOT_FOUND',
          `Cannot read rows of profile "${profileId}": there is none.`,
        );
      return (await destinations.open(profile)).rowVersions(table, ids);
    },
  };
}

async function withStatus(profile: Profile, syncStates: SyncStates) {
  const { id, organizationId, name, state, retryPolicy } = profile;
  const tables = tableStates(profile, await syncStates.list(id)).map((known) => ({
    name: known.table,
    initialSyncState: known.initialSyncState,
    metadataState: known.metadataState,
    successCount: known.successCount,
    failureCount: known.failureCount,
    lastExportAt: known.lastExportAt,
  }));
  return { id, organizationId, name, state, retryPolicy, tables };
}
