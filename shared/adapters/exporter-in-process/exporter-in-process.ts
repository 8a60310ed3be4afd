import { ServiceError } from '../../errors.ts';
import type { Finding } from '../../model/finding.ts';
import { exportOf, type Profile } from '../../model/profile.ts';
import { idOf, idOfDescribed } from '../../model/same-description.ts';
import { tableStates } from '../../model/sync-state.ts';
import type { Organizations } from '../../ports/dataverse.ts';
import type { ProfileDestinations } from '../../ports/destination.ts';
import type { ExporterApi } from '../../ports/exporter-api.ts';
import type { FailureLog } from '../../ports/failure-log.ts';
import type { ProfileStore } from '../../ports/profile-store.ts';
import type { Secrets } from '../../ports/secrets.ts';
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
  readonly secrets: Pick<Secrets, 'read'>;
  /** The trial that `GET profiles/{id}/test` is. */
  readonly trial: (profile: Profile) => Promise<readonly Finding[]>;
  /** What `POST profiles/{id}/resync` does with ids: how many rows, undefined when the profile does not fill the table. */
  readonly resyncRows: (
    profile: Profile,
    table: string,
    ids: readonly string[],
  ) => Promise<number | undefined>;
  readonly wouldTake: ExporterApi['wouldTake'];
  readonly calls: ProfileCalls;
}

/** The exporter in this app, without a detour over HTTP and a token. It tells also what a foreign one cannot. */
export function exporterInProcess(parts: ExporterInProcessParts): ExporterApi {
  const { profiles, syncStates, organizations, failureLog, destinations, secrets, calls } = parts;

  async function profileOf(profileId: string, doing: string): Promise<Profile> {
    const profile = await profiles.get(profileId);
    if (profile) return profile;
    throw new ServiceError(
      'PROFILE_NOT_FOUND',
      `Cannot ${doing} of profile "${profileId}": there is none; its id is expected.`,
    );
  }

  /** A database that cannot be reached shows none; that is told by the profile's test. */
  async function certificateEndOf(profile: Profile): Promise<string | undefined> {
    try {
      return (await (await destinations.open(profile)).certificateEndsAt())?.toISOString();
    } catch (error) {
      if (error instanceof ServiceError) return undefined;
      throw error;
    }
  }

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
      const profile = await profileOf(profileId, 'read rows');
      return (await destinations.open(profile)).rowVersions(table, ids);
    },
    canResync: async () => true,
    async resync(profileId, table, ids) {
      const profile = await profileOf(profileId, 'resync rows');
      return (await parts.resyncRows(profile, table, ids)) !== undefined;
    },
    wouldTake: parts.wouldTake,
    async test(profileId) {
      const found = await parts.trial(await profileOf(profileId, 'try the needs'));
      const errors = found.filter(({ severity }) => severity === 'error');
      return { isPassed: errors.length === 0, report: errors.map(({ message }) => message).join(' ') };
    },
    async secret(profileId) {
      const profile = await profileOf(profileId, 'read the secret');
      const { endsAt } = await secrets.read(profile.destination.keyVaultUri);
      const certificateEndsAt = await certificateEndOf(profile);
      if (certificateEndsAt !== undefined && (endsAt === undefined || certificateEndsAt < endsAt))
        return { endsAt: certificateEndsAt, isCertificate: true };
      return endsAt === undefined ? {} : { endsAt };
    },
    async rowCount(profileId, table) {
      return (await destinations.open(await profileOf(profileId, 'count rows'))).rowCount(table);
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
    // Written at the end of each pass, whether or not it found a change.
    syncedAt: known.lastExportAt,
    progress: known.successCount + known.failureCount + (known.rowsExpected ?? 0),
    ...(known.comparison?.drift && { drift: known.comparison.drift }),
  }));
  return { id, organizationId, name, state, retryPolicy, tables };
}
