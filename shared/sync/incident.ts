import { errorCodes } from '../error-codes.ts';
import { hasCode, messageWithCure, ServiceError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import type { Incident, SyncState } from '../model/sync-state.ts';
import type { SyncPorts } from './sync-ports.ts';

const firstDelaySeconds = 5;
const longestDelaySeconds = 300;

/** Faults that pass by themselves are told to people only when they have lasted for this many tries. */
const patience = 3;

/**
 * A fault of the source or the destination: never blamed on rows. The table waits with growing delays (to five minutes) or
 * as long as the other side asked, its status says why, and the failure log gets one line an incident. Bugs are rethrown.
 */
export async function afterFault(profile: Profile, state: SyncState, error: unknown, ports: SyncPorts) {
  if (!(error instanceof ServiceError) || error.code === 'INTERNAL') throw error;
  if (error.code === 'DATAVERSE_THROTTLED' || error.code === 'DESTINATION_TURN_LOST') {
    const nextInSeconds = error.retryAfterSeconds ?? firstDelaySeconds;
    return { state: (now: SyncState) => now, nextInSeconds };
  }
  const incident = grow(state.incident, error, ports.clock.now());
  if (incident.isTold && !state.incident?.isTold) await tellPeople(profile, state, error, ports);
  // A token that has expired is a planned event, and the reload begins at once: unless it is the second in a row.
  const isPlanned = error.code === 'DATAVERSE_DELTA_TOKEN_EXPIRED' && incident.attempts === 1;
  if (isPlanned) return { state: (now: SyncState) => ({ ...now, incident }), nextInSeconds: 0 };
  const growing = firstDelaySeconds * 2 ** Math.min(incident.attempts - 1, 10);
  const nextInSeconds = error.retryAfterSeconds ?? Math.min(longestDelaySeconds, growing);
  return { state: (now: SyncState) => ({ ...waiting(now, error), incident }), nextInSeconds };
}

/** One incident lasts until the table works again, whatever faults take turns meanwhile. */
function grow(before: Incident | undefined, error: ServiceError, now: Date): Incident {
  const attempts = (before?.attempts ?? 0) + 1;
  return {
    code: error.code,
    message: error.message,
    since: before?.since ?? now.toISOString(),
    attempts,
    isTold: before?.isTold || attempts >= (errorCodes[error.code].retry === 'timed' ? patience : 1),
  };
}

function waiting(state: SyncState, error: ServiceError): SyncState {
  const isTableRefused = hasCode(error, 'DATAVERSE_TRACKING_OFF', 'DATAVERSE_TABLE_MISSING');
  return {
    ...state,
    lastExportStatus: 'Failure',
    metadataState: state.metadataState === 'Created' ? 'Created' : 'Failure',
    initialSyncState:
      isTableRefused && state.initialSyncState !== 'Completed'
        ? 'CompletedWithFailures'
        : state.initialSyncState,
  };
}

async function tellPeople(
  profile: Profile,
  state: SyncState,
  error: ServiceError,
  ports: SyncPorts,
): Promise<void> {
  const { table } = state;
  const changeType = state.initialSyncCompletedAt ? 'Update' : 'Trigger Initial Export';
  const entry = {
    entity: table,
    recordId: undefined,
    notificationTime: undefined,
    changeType,
    reason: messageWithCure(error),
  };
  await ports.failureLog.append(profile.id, 'failurelog', [entry], ports.clock.now());
  ports.telemetry.event('sync.incident.opened', { profileId: profile.id, table, code: error.code });
  ports.log.error(`Table "${table}" of profile "${profile.name}" waits: ${messageWithCure(error)}`);
}

/** A lost delta token is made good only by a complete pass; everything else by any success. */
export function isIncidentOver({ incident }: SyncState, isPassComplete: boolean): boolean {
  return isPassComplete || incident?.code !== 'DATAVERSE_DELTA_TOKEN_EXPIRED';
}

/** Tells that the fault is over, if people were told of it. */
export function closeIncident(profile: Profile, { table, incident }: SyncState, ports: SyncPorts): void {
  if (!incident?.isTold) return;
  const seconds = (ports.clock.now().getTime() - Date.parse(incident.since)) / 1000;
  const { code } = incident;
  ports.telemetry.event('sync.incident.closed', { profileId: profile.id, table, code, seconds });
  ports.log.warn(
    `Table "${table}" of profile "${profile.name}" goes on after ${Math.round(seconds)} s (${code}).`,
  );
}

/** The state once the fault is over. */
export function withoutIncident({ incident: _, ...state }: SyncState): SyncState {
  return state;
}
