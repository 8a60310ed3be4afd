import { hasCode, ServiceError } from '../errors.ts';
import { asToldTo, exportOf, type Profile } from '../model/profile.ts';
import type { SyncState } from '../model/sync-state.ts';
import type { SyncTableItem } from '../model/work-item.ts';
import type { Claim, Destination } from '../ports/destination.ts';
import { coversAll } from '../schema/fingerprint.ts';
import { columnsNoted } from './columns-noted.ts';
import { withComparison } from './compare-rows.ts';
import { deltaSync } from './delta-sync.ts';
import { afterFault, closeIncident, isIncidentOver, withoutIncident } from './incident.ts';
import { loadRows } from './load-rows.ts';
import { sweepTable, takeIdentity } from './load-table.ts';
import { refillColumns } from './refill-columns.ts';
import { progressOf, reportProgress, withTableMade } from './report-progress.ts';
import { restartLostTable } from './restart-lost-table.ts';
import { scheduleRetry } from './schedule-retry.ts';
import type { SyncPorts } from './sync-ports.ts';
import { isOver, type TableRun } from './table-run.ts';
import { restartLoad } from './write-page.ts';

/** How a work item ended: what its state becomes, and when the next turn is due. */
interface Ending {
  /** `complete`: all that had changed when it began was read; `unfinished`: it goes on; `fault`: it waits for one to pass. */
  readonly kind: 'complete' | 'unfinished' | 'fault';
  readonly state: (state: SyncState) => SyncState;
  readonly nextInSeconds: number;
  /** What was done, in a sentence; nothing when nothing was to do. */
  readonly summary?: string | undefined;
}

/**
 * Does one turn of one table: goes on from the checkpoint until nothing is left or the time is over, then sends the next
 * turn. An item of another turn or activation is void. Only bugs are thrown; faults are waited out by later turns.
 * Resolves to what was done, in a sentence; undefined when nothing was to do.
 */
export async function runWorkItem(item: SyncTableItem, ports: SyncPorts): Promise<string | undefined> {
  const [profile, state] = await Promise.all([
    ports.profiles.get(item.profileId),
    ports.syncStates.get(item.profileId, item.table),
  ]);
  const asked = exportOf(profile, item.table);
  if (!profile || asked?.activation !== item.activation) return undefined;
  if (!isTurnOf(item, state)) return undefined;
  let ending: Ending;
  try {
    const turn = asked.scope === 'metadata' ? makeTable : takeTurn;
    ending = await turn(profile, state, ports);
  } catch (error) {
    // Where Dataverse is asked too much already, the definition is not read again.
    if (!hasCode(error, 'DATAVERSE_THROTTLED')) ports.shapes.forget(profile, item.table);
    if (error instanceof ServiceError && !(await isAsked(item, ports))) return undefined;
    await restartLostTable(profile, item.table, error, ports);
    ending = { kind: 'fault', ...(await afterFault(profile, state, error, ports)) };
  }
  await sendNextTurn(item, ending, ports);
  return ending.summary;
}

/** Whether the item's work is still wanted, and still its own: a fault that it met is of no interest any more when it is not. */
async function isAsked(item: SyncTableItem, { profiles, syncStates }: SyncPorts): Promise<boolean> {
  const { profileId, table } = item;
  const [profile, state] = await Promise.all([profiles.get(profileId), syncStates.get(profileId, table)]);
  return exportOf(profile, table)?.activation === item.activation && isTurnOf(item, state);
}

const isTurnOf = ({ turn, activation }: SyncTableItem, state: SyncState | undefined): state is SyncState =>
  state?.turn === turn && state.activation === activation;

/** DES: `activatemetadata`. The table follows its definition, and holds no rows yet. */
async function makeTable(profile: Profile, state: SyncState, ports: SyncPorts): Promise<Ending> {
  const dataverse = await ports.organizations.dataverse(profile.organizationId);
  const destination = await ports.destinations.open(profile);
  const seen = await dataverse.metadataVersion();
  await ports.shapes.of(profile, state.table, dataverse, destination, seen);
  closeIncident(profile, state, ports);
  return {
    kind: 'complete',
    state: (now) => withoutIncident(withTableMade(now, ports.clock.now())),
    nextInSeconds: ports.options.deltaMaxIntervalSeconds,
  };
}

async function takeTurn(profile: Profile, state: SyncState, ports: SyncPorts): Promise<Ending> {
  const startedAt = ports.clock.now().getTime();
  const run = await beginRun(profile, state, ports, startedAt);
  if (run.checkpoint.phase !== 'delta') await reportProgress(run);
  const { pass, compared } = await withComparison(run, state.comparison, () => replicate(run));
  const seconds = run.checkpoint.refill ? 0 : nextInterval(state, pass, ports.options);
  const isOverNow = isIncidentOver(state, pass.isComplete);
  if (isOverNow) closeIncident(profile, state, ports);
  const exported = pass.isComplete && {
    lastExportAt: ports.clock.now().toISOString(),
    lastExportStatus: 'Success' as const,
  };
  return {
    kind: pass.isComplete ? 'complete' : 'unfinished',
    state: (now) => {
      const comparison = compared && { comparison: compared };
      const next = { ...progressOf(run, now), ...exported, ...comparison, intervalSeconds: seconds };
      return isOverNow ? withoutIncident(next) : next;
    },
    nextInSeconds: seconds,
    summary: report(run, startedAt),
  };
}

async function beginRun(
  profile: Profile,
  state: SyncState,
  ports: SyncPorts,
  startedAt: number,
): Promise<TableRun> {
  const { table, turn, activation } = state;
  const dataverse = await ports.organizations.dataverse(profile.organizationId);
  const destination = await ports.destinations.open(profile);
  let shape = await ports.shapes.of(profile, table, dataverse, destination);
  const claim = await claimTable(profile, state, destination, ports);
  await reviveRetries(profile, table, claim, ports);
  let { checkpoint } = claim;
  // Another process may know of columns that this one does not.
  if (!coversAll(checkpoint.shape, shape.target)) {
    ports.shapes.forget(profile, table);
    shape = await ports.shapes.of(profile, table, dataverse, destination);
  }
  const noted = columnsNoted(checkpoint, shape.target);
  // Where no row was written yet, the first page notes its columns itself.
  if (checkpoint.shape !== undefined && 'shape' in noted)
    checkpoint = await destination.advance(table, checkpoint, noted);
  const endsAt = startedAt + ports.options.workItemSeconds * 1000;
  const done = { pages: 0, writtenRows: 0, deletedRows: 0, rejectedRows: 0 };
  const parts = { shape, dataverse, destination, ports, checkpoint };
  return { profile, table, activation, turn, endsAt, isVoid: false, done, ...parts };
}

/** Two live profiles must not fill one table: each would take it from the other and load it again, for ever. */
async function claimTable(
  profile: Profile,
  { table, activation }: SyncState,
  destination: Destination,
  ports: SyncPorts,
) {
  const owner = { profileId: profile.id, activation };
  try {
    return await destination.claim(table, owner);
  } catch (error) {
    const [otherId] = hasCode(error, 'DESTINATION_TABLE_CONFLICT') ? error.parameters : [];
    if (otherId === undefined) throw error;
    const other = await ports.profiles.get(otherId);
    if (!other || exportOf(other, table)?.scope !== 'all')
      return await destination.claim(table, { ...owner, replaces: otherId });
    const who = asToldTo(profile.organizationId, other);
    throw new ServiceError(
      'DESTINATION_TABLE_CONFLICT',
      `Cannot fill table "${table}" for profile "${profile.name}": ${who} fills it in the same place.`,
      { parameters: [table] },
    );
  }
}

const steps = { identity: takeIdentity, load: loadRows, sweep: sweepTable };

/**
 * Takes step after step. An expired token begins a reload and ends the turn, so that an organization that refuses every
 * token is not read without pause.
 */
async function replicate(run: TableRun): Promise<{ isComplete: boolean; hasChanges: boolean }> {
  try {
    while (run.checkpoint.phase !== 'delta') {
      if (!run.isVoid) await steps[run.checkpoint.phase](run);
      if (isOver(run)) return { isComplete: false, hasChanges: true };
    }
    const pass = await deltaSync(run);
    if (pass.isComplete) await refillColumns(run);
    return pass;
  } catch (error) {
    // Of a load only the ranges begin anew whose links are void.
    if (hasCode(error, 'DATAVERSE_DELTA_TOKEN_EXPIRED') && run.checkpoint.phase !== 'load')
      await restartLoad(run, error.message);
    throw error;
  }
}

/** Asked again at once while pages are left, soon after a change, and less and less often when idle. */
function nextInterval(
  state: SyncState,
  pass: { isComplete: boolean; hasChanges: boolean },
  options: SyncPorts['options'],
): number {
  if (!pass.isComplete) return 0;
  if (pass.hasChanges) return options.deltaIntervalSeconds;
  const longer = Math.max(options.deltaIntervalSeconds, Math.ceil(state.intervalSeconds * 1.5));
  return Math.min(options.deltaMaxIntervalSeconds, longer);
}

/** A retry message that was lost in a crash is sent again. */
async function reviveRetries(
  profile: Profile,
  table: string,
  { nextAttemptAt: due }: Claim,
  ports: SyncPorts,
): Promise<void> {
  if (due && due <= ports.clock.now()) await scheduleRetry(profile.id, table, due, ports);
}

async function sendNextTurn(item: SyncTableItem, ending: Ending, ports: SyncPorts): Promise<void> {
  const turn = item.turn + 1;
  let delaySeconds = 0;
  let isMine = false;
  await ports.syncStates.update(item.profileId, item.table, (state) => {
    isMine = isTurnOf(item, state);
    if (!isTurnOf(item, state)) return undefined;
    delaySeconds = nextInSeconds(state, ending, ports.options);
    const dueAt = new Date(ports.clock.now().getTime() + delaySeconds * 1000).toISOString();
    const { isNudged, isHeldBack: _, ...next } = ending.state(state);
    // A pass that goes on, or met a fault, may not have read what the nudge spoke of.
    const isStillNudged = isNudged && ending.kind !== 'complete';
    return {
      ...{ ...next, turn, dueAt },
      ...(isStillNudged && { isNudged }),
      ...(ending.kind === 'fault' && { isHeldBack: true }),
    };
  });
  if (isMine) await ports.queues.syncTable.send({ ...item, turn }, delaySeconds);
}

/** Word of a change hurries a turn, but none that a fault puts off. */
function nextInSeconds(
  { isNudged }: SyncState,
  { kind, nextInSeconds }: Ending,
  { nudgeGapSeconds }: SyncPorts['options'],
): number {
  return isNudged && kind !== 'fault' ? Math.min(nextInSeconds, nudgeGapSeconds) : nextInSeconds;
}

function report(run: TableRun, startedAt: number): string | undefined {
  const { writtenRows, deletedRows, rejectedRows, pages } = run.done;
  if (writtenRows + deletedRows + rejectedRows === 0) return undefined;
  const milliseconds = run.ports.clock.now().getTime() - startedAt;
  const work = { profileId: run.profile.id, table: run.table, phase: run.checkpoint.phase };
  run.ports.telemetry.event('sync.table.synced', { ...work, ...run.done, milliseconds });
  return (
    `table "${run.table}" of profile "${run.profile.name}": ${writtenRows} rows written, ${deletedRows} deleted, ` +
    `${rejectedRows} rejected in ${pages} pages, ${milliseconds} ms`
  );
}
