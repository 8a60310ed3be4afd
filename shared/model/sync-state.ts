import { z } from 'zod';
import { comparisonSchema } from './comparison.ts';
import { exportsOf, type Profile } from './profile.ts';

/**
 * The steps of one table's replication: `identity` counts the rows and takes the delta link from before the load,
 * `load` reads all columns, `sweep` deletes what a reload did not see, `delta` follows the changes for ever.
 */
const syncPhases = ['identity', 'load', 'sweep', 'delta'] as const;
export type SyncPhase = (typeof syncPhases)[number];

/** Why a table waits: the destination or the source is not available, since when, and how often it was tried. */
const incidentSchema = z.object({
  code: z.string(),
  message: z.string(),
  since: z.string(),
  attempts: z.int(),
  /** Whether people were told: faults that pass by themselves are told only when they last. */
  isTold: z.boolean(),
});
export type Incident = Readonly<z.infer<typeof incidentSchema>>;

/**
 * What is known of one table of one profile, kept in Table Storage so that status is answered while the destination is
 * down. The truth about progress is the checkpoint in the destination; this follows it, page by page.
 */
export const syncStateSchema = z.object({
  profileId: z.string(),
  table: z.string(),
  activation: z.int(),
  /** Number of the work item that may run now; an item with another number is void, so a table never runs twice. */
  turn: z.int(),
  /** When the work item of this turn is due (ISO 8601); the watchdog looks for turns that are long overdue. */
  dueAt: z.string(),
  phase: z.enum(['not-started', ...syncPhases]),
  metadataState: z.enum(['NotCreated', 'MetadataCreating', 'Created', 'Failure']),
  initialSyncState: z.enum(['NotStarted', 'InProgress', 'Completed', 'CompletedWithFailures']),
  lastExportStatus: z.enum(['Success', 'Failure']).optional(),
  rowsExpected: z.int().optional(),
  rowsLoaded: z.int(),
  /** Until the load that is going on has read all rows, at the rate of its last turn. */
  loadRemainingSeconds: z.int().optional(),
  successCount: z.int(),
  failureCount: z.int(),
  /** Seconds until an idle table is asked again; grows while nothing changes. */
  intervalSeconds: z.number(),
  /** Word came that the table has changed while this turn was due or at work, so it may have read before: another follows it. */
  isNudged: z.literal(true).optional(),
  /** A fault or throttling put this turn off: no word of a change hurries it. */
  isHeldBack: z.literal(true).optional(),
  /** When the retry of rejected rows that is on its way is due (ISO 8601); absent when none is. */
  retryDueAt: z.string().optional(),
  /** Until when a retry has the rejected rows for itself, if it does not end before; past when it failed then (ISO 8601). */
  retryTakenUntil: z.string().optional(),
  metadataCreatedAt: z.string().optional(),
  initialSyncCompletedAt: z.string().optional(),
  lastDeltaSyncAt: z.string().optional(),
  lastExportAt: z.string().optional(),
  incident: incidentSchema.optional(),
  comparison: comparisonSchema.optional(),
});
export type SyncState = Readonly<z.infer<typeof syncStateSchema>>;

/** The state of a table that an activation has just asked for. */
export function newSyncState(profileId: string, table: string, activation: number, dueAt: string): SyncState {
  return {
    profileId,
    table,
    activation,
    turn: 1,
    dueAt,
    phase: 'not-started',
    metadataState: 'NotCreated',
    initialSyncState: 'NotStarted',
    rowsLoaded: 0,
    successCount: 0,
    failureCount: 0,
    intervalSeconds: 0,
  };
}

/** The same for a table that may have been exported before: its counters go on, and that it was made is still true. */
export function renewedSyncState(
  known: SyncState | undefined,
  ...fresh: Parameters<typeof newSyncState>
): SyncState {
  const state = newSyncState(...fresh);
  if (known === undefined) return state;
  const { successCount, failureCount, metadataState, metadataCreatedAt } = known;
  return {
    ...state,
    successCount,
    failureCount,
    ...(metadataState === 'Created' && { metadataState }),
    ...(metadataCreatedAt !== undefined && { metadataCreatedAt }),
  };
}

/**
 * The states of the profile's tables, in their order. Of a table that is not exported yet, or by an activation that has
 * not begun with it: what that will begin with. An inactive profile's tables are as they were left.
 */
export function tableStates(profile: Profile, states: readonly SyncState[]): readonly SyncState[] {
  const known = new Map(states.map((state) => [state.table, state]));
  const activations = new Map(exportsOf(profile).map(({ table, activation }) => [table, activation]));
  return profile.tables.map(({ name }) => {
    const state = known.get(name);
    const activation = activations.get(name) ?? profile.activation;
    const isCurrent = profile.state !== 'active' || state?.activation === activations.get(name);
    if (state && isCurrent) return state;
    return renewedSyncState(state, profile.id, name, activation, profile.createdAt);
  });
}
