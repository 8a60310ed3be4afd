import { hasCode, messageWithCure, ServiceError } from '../errors.ts';
import type { Checkpoint } from '../model/checkpoint.ts';
import type { FailureEntry } from '../model/failure.ts';
import type { Profile } from '../model/profile.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { RetryRowItem } from '../model/work-item.ts';
import type { Destination } from '../ports/destination.ts';
import { coversAll } from '../schema/fingerprint.ts';
import { rowId } from '../schema/row-id.ts';
import { columnsNoted } from './columns-noted.ts';
import { exportingProfile } from './exporting-profile.ts';
import { isRetrying, scheduleRetry } from './schedule-retry.ts';
import type { SyncPorts } from './sync-ports.ts';
import { readTime, roundingMilliseconds } from './table-run.ts';
import { isOutdated } from './table-shape.ts';

const rowsAtATime = 200;
const waitAfterFaultSeconds = 30;

/**
 * Tries the rejected rows that are due: re-read by id, so a retry writes the current state or, when the row is gone,
 * nothing. Rows that were tried as often as the profile allows go to the failure log first and are then forgotten.
 */
export async function retryRows(item: RetryRowItem, ports: SyncPorts): Promise<void> {
  const { profileId, table } = item;
  const profile = await exportingProfile(profileId, table, ports);
  if (!profile) return;
  const endsAt = ports.clock.now().getTime() + ports.options.workItemSeconds * 1000;
  const takenUntil = new Date(endsAt).toISOString();
  if (!(await take(item, takenUntil, ports))) return;
  try {
    const next = await retryAndRelease(profile, item, takenUntil, ports);
    if (next) await scheduleRetry(profileId, table, next, ports);
  } catch (error) {
    await comeAgain(item, takenUntil, ports);
    throw error;
  }
}

/** When rows are to be tried next; undefined when there are none. */
async function retryAndRelease(
  profile: Profile,
  item: RetryRowItem,
  takenUntil: string,
  ports: SyncPorts,
): Promise<Date | undefined> {
  try {
    const destination = await retryDueRows(profile.id, item.table, Date.parse(takenUntil), ports);
    await release(item, takenUntil, ports);
    // Asked for after the release: rows that were noticed before it have left themselves to this retry.
    return await destination?.nextAttemptAt(item.table);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // Perhaps a column is gone, or the table has another entity set by now.
    if (hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_TABLE_MISSING'))
      ports.shapes.forget(profile, item.table);
    // The table's own turns report the fault; here it only must not use up the rows' retries.
    ports.log.warn(`Retries of table "${item.table}" of profile "${profile.name}" wait: ${error.message}`);
    await release(item, takenUntil, ports);
    return new Date(ports.clock.now().getTime() + waitAfterFaultSeconds * 1000);
  }
}

/**
 * Takes the rejected rows over: other messages are void from here on. False when this one is, or another retry has them:
 * that sees to what this one was sent for, and if it is dead, the message that waits for the end of its time does.
 */
async function take(item: RetryRowItem, until: string, ports: SyncPorts): Promise<boolean> {
  const { profileId, table, dueAt } = item;
  const now = ports.clock.now();
  let isTaken = false;
  let isMine = false;
  await ports.syncStates.update(profileId, table, (state) => {
    const isVoid = !state || (dueAt !== undefined && dueAt !== state.retryDueAt);
    isTaken = !isVoid && isRetrying(state, now);
    isMine = !isVoid && !isTaken;
    if (!state || !isMine) return undefined;
    const { retryDueAt: _, ...rest } = state;
    return { ...rest, retryTakenUntil: until };
  });
  if (isTaken) await scheduleRetry(profileId, table, now, ports);
  return isMine;
}

/** Gives the rows free; what was sent meanwhile is void: this retry sees to it. */
async function release(
  { profileId, table }: RetryRowItem,
  takenUntil: string,
  { syncStates }: SyncPorts,
): Promise<void> {
  await syncStates.update(profileId, table, (state) => {
    if (state?.retryTakenUntil !== takenUntil) return undefined;
    const { retryTakenUntil: _, retryDueAt: __, ...rest } = state;
    return rest;
  });
}

/** After a defect the queue delivers the message again, until it is poison: it must neither be void nor taken for lost. */
async function comeAgain(
  { profileId, table, dueAt }: RetryRowItem,
  takenUntil: string,
  { syncStates, clock }: SyncPorts,
): Promise<void> {
  const now = clock.now();
  await syncStates.update(profileId, table, (state) => {
    if (!state || (state.retryTakenUntil !== takenUntil && isRetrying(state, now))) return undefined;
    return {
      ...state,
      ...(dueAt !== undefined && { retryDueAt: dueAt }),
      retryTakenUntil: now.toISOString(),
    };
  });
}

/** Works through what is due, by the profile as it is at each step; undefined when the table is not its own any more. */
async function retryDueRows(
  profileId: string,
  table: string,
  endsAt: number,
  ports: SyncPorts,
): Promise<Destination | undefined> {
  for (;;) {
    const profile = await exportingProfile(profileId, table, ports);
    if (!profile) return undefined;
    const destination = await ports.destinations.open(profile);
    if (ports.clock.now().getTime() >= endsAt) return destination;
    const due = await destination.dueRejectedRows(table, ports.clock.now(), rowsAtATime);
    if (due.length === 0) return destination;
    // The first try counts as an attempt, and is no retry.
    const isUsedUp = (row: RejectedRow) => row.attempts > retriesOf(row, profile);
    const open = due.filter((row) => !isUsedUp(row));
    await giveUp(profile, table, due.filter(isUsedUp), destination, ports);
    if (open.length > 0 && !(await tryAgain(profile, table, open, destination, ports))) return undefined;
  }
}

/** A text may be too long only because its column has grown in Dataverse: to see that takes a try. */
function retriesOf({ code }: RejectedRow, { retryPolicy }: Profile): number {
  return Math.max(code === 'ROW_TEXT_TOO_LONG' ? 1 : 0, retryPolicy.maxRetryCount);
}

/** Reads the rows again and writes them; false when the table is not this profile's any more. */
async function tryAgain(
  profile: Profile,
  table: string,
  tried: readonly RejectedRow[],
  destination: Destination,
  ports: SyncPorts,
): Promise<boolean> {
  const dataverse = await ports.organizations.dataverse(profile.organizationId);
  // A column may have grown in Dataverse since: then the table is widened before the row is tried again.
  if (tried.some((row) => row.code === 'ROW_TEXT_TOO_LONG')) ports.shapes.forget(profile, table);
  let seen: string | undefined;
  for (let lostTurns = 0; ; lostTurns += 1) {
    let shape = await ports.shapes.of(profile, table, dataverse, destination, seen);
    let checkpoint = await destination.checkpoint(table);
    if (checkpoint?.profileId !== profile.id) return false;
    // What a row is written without now would be written by nobody else.
    if (!coversAll(checkpoint.shape, shape.target)) {
      ports.shapes.forget(profile, table);
      shape = await ports.shapes.of(profile, table, dataverse, destination);
      if (!coversAll(checkpoint.shape, shape.target))
        checkpoint = await destination.advance(table, checkpoint, columnsNoted(checkpoint, shape.target));
    }
    // A row that is deleted between this write and the link that the first load is about to take is seen by nobody else.
    if (checkpoint.phase === 'identity' && !checkpoint.needsSweep)
      checkpoint = await destination.advance(table, checkpoint, { needsSweep: true });
    const readAt = retryTime(checkpoint, ports);
    const ids = tried.map((row) => row.id);
    const rows = await dataverse.readRows(shape.query, ids);
    seen = await dataverse.metadataVersion();
    if (isOutdated(shape, seen)) continue;
    const found = new Set(rows.map((row) => rowId(row, shape.query.table.primaryId)));
    const goneIds = ids.filter((id) => !found.has(id));
    const nextAttemptAt = new Date(ports.clock.now().getTime() + profile.retryPolicy.intervalSeconds * 1000);
    try {
      await destination.writeRetries({
        table: shape.target,
        turn: checkpoint,
        tried,
        rows,
        goneIds,
        readAt,
        nextAttemptAt,
        isDeleteLogged: profile.writeDeleteLog,
      });
      return true;
    } catch (error) {
      // A page was written between reading the rows and writing them: what was read may be old, so read again.
      if (!hasCode(error, 'DESTINATION_TURN_LOST') || lostTurns >= 5) throw error;
    }
  }
}

/**
 * The time that a retry stamps rows with. While a reload looks at its table it is just before the reload: the sweep takes the
 * row unless the reload sees it, too. It may be deleted before, and the link that the reload then gets tells nothing of that.
 */
function retryTime(checkpoint: Checkpoint, ports: SyncPorts): Date {
  const { phase, loadStartedAt } = checkpoint;
  if (phase !== 'identity' || loadStartedAt === undefined) return readTime({ ports, checkpoint });
  return new Date(Date.parse(loadStartedAt) - roundingMilliseconds);
}

async function giveUp(
  profile: Profile,
  table: string,
  rows: readonly RejectedRow[],
  destination: Destination,
  ports: SyncPorts,
): Promise<void> {
  if (rows.length === 0) return;
  const at = ports.clock.now();
  for (const [isResync, some] of Map.groupBy(rows, (row) => row.isResync)) {
    const folder = isResync ? 'forcerefreshfailurelog' : 'failurelog';
    await ports.failureLog.append(profile.id, folder, some.map(asEntry), at);
  }
  const count = await destination.giveUpRejectedRows(table, rows, at);
  if (count === 0) return;
  const checkpoint = await destination.checkpoint(table);
  await ports.syncStates.update(profile.id, table, (state) => {
    if (!state || !checkpoint) return undefined;
    const completedAt = state.initialSyncCompletedAt;
    const isInitial = completedAt === undefined || rows.some((row) => row.noticedAt <= completedAt);
    const isChanged = isInitial && state.initialSyncState === 'Completed';
    return {
      ...state,
      failureCount: checkpoint.failureCount,
      lastExportStatus: 'Failure',
      initialSyncState: isChanged ? 'CompletedWithFailures' : state.initialSyncState,
    };
  });
  for (const code of new Set(rows.map((row) => row.code)))
    ports.telemetry.event('sync.row.abandoned', {
      profileId: profile.id,
      table,
      code,
      rows: rows.filter((row) => row.code === code).length,
    });
  ports.log.warn(`Table "${table}" of profile "${profile.name}": ${count} rows given up to the failure log.`);
}

function asEntry(row: RejectedRow): FailureEntry {
  const { table, id, noticedAt, changeType, code } = row;
  const reason = messageWithCure({ message: row.reason, code });
  return { entity: table, recordId: id, notificationTime: noticedAt, changeType, reason };
}
