import type { Organization } from '../model/organization.ts';
import type { Profile, ProfileState } from '../model/profile.ts';
import { type SyncState, tableStates } from '../model/sync-state.ts';

/** DES: the numbers of the old service; a State sent as a name makes a client delete a profile twice. */
const stateNumbers: Record<ProfileState, number> = { inactive: 0, active: 1, deleted: 3 };

/** DES: `Simple`, out as a number. */
const simpleBackoff = 0;

/** The members that have a value: old clients cannot read a null date or count. */
function present<T extends Record<string, unknown>>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}

const latest = (dates: readonly (string | undefined)[]) =>
  dates
    .filter((date) => date !== undefined)
    .sort()
    .at(-1);

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

function counters(states: readonly SyncState[]) {
  const success = sum(states.map((state) => state.successCount));
  const failure = sum(states.map((state) => state.failureCount));
  return {
    TotalNotifications: success + failure,
    SuccessNotifications: success,
    FailureNotifications: failure,
  };
}

/** One state for a profile from those of its tables: `dominant` if any has it, else the one they share, else `mixed`. */
function combined<State extends string>(states: readonly State[], dominant: State, mixed: State): State {
  if (states.includes(dominant)) return dominant;
  return states.every((state) => state === states[0]) ? (states[0] ?? mixed) : mixed;
}

function initialSyncState(states: readonly SyncState['initialSyncState'][]) {
  const areDone = states.every((state) => state === 'Completed' || state === 'CompletedWithFailures');
  return combined(states, areDone ? 'CompletedWithFailures' : 'InProgress', 'InProgress');
}

function profileStatus(profile: Profile, states: readonly SyncState[]) {
  const exports = states.map((state) => state.lastExportStatus).filter((status) => status !== undefined);
  return present({
    ExportStatus: exports.length === 0 ? undefined : combined(exports, 'Failure', 'Success'),
    InitialSyncState: initialSyncState(states.map((state) => state.initialSyncState)),
    MetadataState: combined(
      states.map((state) => state.metadataState),
      'Failure',
      'MetadataCreating',
    ),
    ...counters(states),
    LastExportDate: latest(states.map((state) => state.lastExportAt)),
    LastModifiedOn: latest([profile.lastModifiedAt, ...states.map((state) => state.lastExportAt)]),
  });
}

/**
 * DES: `LastExportDate` is left out until there is one, because clients map it to a date that cannot be null. Ours: how far
 * a load is while it goes on.
 */
function tableStatus(profile: Profile, state: SyncState) {
  return present({
    Type: state.table,
    ProfileId: profile.id,
    ...counters([state]),
    LastExportDate: state.lastExportAt,
    LastExportStatus: state.lastExportStatus,
    EntityMetadataState: state.metadataState,
    InitialSyncState: state.initialSyncState,
    ...(state.phase === 'load' && {
      RowsExpected: state.rowsExpected,
      RowsLoaded: state.rowsLoaded,
      RemainingSeconds: state.loadRemainingSeconds,
    }),
  });
}

function tableDates(state: SyncState) {
  return present({
    InitialSyncDataCompletedTime: state.initialSyncCompletedAt,
    InitialSyncMetadataCreatedTime: state.metadataCreatedAt,
    InitialSyncProcessCompleteTime: state.initialSyncCompletedAt,
    LastDeltaSyncDataTime: state.lastDeltaSyncAt,
  });
}

/** DES: `EntityDescription`. */
const tableDescription = ({ name, settings }: Profile['tables'][number]) => ({
  Type: name,
  Settings: settings,
});

/**
 * DES: `ProfileDetailsDTO`. With `states` every table has a status, also one that no activation has reached yet.
 */
export function profileDetails(profile: Profile, states?: readonly SyncState[]) {
  const statesOfTables = states && tableStates(profile, states);
  return present({
    Id: profile.id,
    Name: profile.name,
    OrganizationId: profile.organizationId,
    OrganizationUrl: profile.organizationUrl,
    Version: String(profile.version),
    State: stateNumbers[profile.state],
    DestinationType: profile.destination.type,
    DestinationKeyVaultUri: profile.destination.keyVaultUri,
    DestinationPrefix: profile.destination.prefix,
    DestinationSchemaName: profile.destination.schema,
    Entities: profile.tables.map((table, index) => {
      const state = statesOfTables?.[index];
      if (state === undefined) return tableDescription(table);
      return { ...tableDescription(table), ...tableDates(state), Status: tableStatus(profile, state) };
    }),
    RetryPolicy: {
      MaxRetryCount: profile.retryPolicy.maxRetryCount,
      IntervalInSeconds: profile.retryPolicy.intervalSeconds,
      Backoff: simpleBackoff,
    },
    WriteDeleteLog: profile.writeDeleteLog,
    CreationTime: profile.createdAt,
    LastModified: profile.lastModifiedAt,
    ActivationTime: profile.activatedAt,
    UpdateTime: profile.updatedAt,
    Status: statesOfTables && profileStatus(profile, statesOfTables),
  });
}

/** Thousands of profiles may share the objects of their tables. */
const tableTexts = new WeakMap<object, string>();

function tableText(table: Profile['tables'][number]): string {
  const known = tableTexts.get(table);
  if (known !== undefined) return known;
  const text = JSON.stringify(tableDescription(table));
  tableTexts.set(table, text);
  return text;
}

/** `profileDetails` without a status, as JSON. */
export function profileText(profile: Profile): string {
  const { Entities: _, ...members } = profileDetails({ ...profile, tables: [] });
  return `${JSON.stringify(members).slice(0, -1)},"Entities":[${profile.tables.map(tableText).join(',')}]}`;
}

/** DES: `StatusResponse`; the state as the number it is in the profile. */
export function statusResponse(profile: Profile) {
  return {
    Id: profile.id,
    State: stateNumbers[profile.state],
    OrganizationId: profile.organizationId,
    OrganizationUrl: profile.organizationUrl,
  };
}

/** DES: `DiscoverResponse`. The organization's URL ends with a slash, the service's own does not: clients append to both. */
export function discoverResponse(organization: Organization, connectorUrl: string) {
  return {
    ConnectorUrl: connectorUrl,
    OrganizationId: organization.id,
    OrganizationName: organization.name,
    OrganizationUrl: organization.url,
  };
}
