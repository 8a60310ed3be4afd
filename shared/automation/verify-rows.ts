import type { Failure } from '../model/failure.ts';
import type { VerifyRowItem } from '../model/work-item.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { logTrouble } from './each-without-stopping.ts';
import { kindOf } from './failed-rows.ts';
import { afterNoAttempt, notExported } from './failure-life.ts';
import { failuresOfRows } from './failures-of-rows.ts';
import { type Arrival, isBeingVerified, judgeRow, notArrived, stillAwaited } from './judge-row.ts';
import type { FailureStep } from './next-steps.ts';
import { releaseRows } from './plan-retouches.ts';
import { doubtSelfTest } from './self-test.ts';

/**
 * Sees whether re-touched rows have arrived in the destination: healed, failed again, or asked for again later. A probe
 * that was healed releases the other rows that failed for the same cause. A message that arrives twice does no harm.
 */
export async function verifyRows(item: VerifyRowItem, ports: AutomationPorts): Promise<void> {
  // Before the failures: what was logged up to then is among them.
  const readUpTo = await ports.ledger.readUpTo(item.profileId);
  const rows = await touchedRows(item, ports);
  if (rows.size > 0) await judgeRows(item, rows, readUpTo, ports);
  if (item.recordIds.length === 1) await releaseOthers(item, ports);
}

/** All failures of the rows that still wait for this verification. */
const touchedRows = (item: VerifyRowItem, ports: AutomationPorts) =>
  failuresOfRows(
    item,
    (failures) => (failures.some((failure) => isBeingVerified(failure, item.retouchedAt)) ? failures : []),
    ports,
  );

async function judgeRows(
  item: VerifyRowItem,
  rows: ReadonlyMap<string, readonly Failure[]>,
  readUpTo: string | undefined,
  ports: AutomationPorts,
): Promise<void> {
  const arrival = await arrivalOf(item, [...rows.keys()], readUpTo, ports);
  if (arrival.kind === 'not-exported') return putBack(item, [...rows.values()].flat(), ports);
  const pending: string[] = [];
  const judged: FailureStep[] = [];
  for (const [recordId, failures] of rows) {
    const now = ports.clock.now();
    const steps = judgeRow(failures, item.retouchedAt, arrival, now, ports.options);
    if (steps.length === 0) {
      pending.push(recordId);
      judged.push(...stillAwaited(failures, item.retouchedAt, now, ports.options));
    }
    judged.push(...steps);
  }
  const moved = await applySteps(item.profileId, judged, ports);
  tellHealed(
    item,
    moved.filter(({ state }) => state === 'healed'),
    ports,
  );
  if (moved.some(({ note }) => note === notArrived)) await doubtSelfTest(item.organizationId, ports);
  if (pending.length > 0)
    await ports.queues.verifyRow.send({ ...item, recordIds: pending }, ports.options.verifyIntervalSeconds);
}

/** Nobody can say of a table that is not exported now whether its rows would have arrived. */
async function putBack(
  { profileId, retouchedAt }: VerifyRowItem,
  failures: readonly Failure[],
  ports: AutomationPorts,
): Promise<void> {
  const note = notExported;
  const steps = failures
    .filter((failure) => isBeingVerified(failure, retouchedAt))
    .map((failure) => ({
      failure,
      become: afterNoAttempt(failure.attempts, ports.clock.now(), ports.options, note),
    }));
  await applySteps(profileId, steps, ports);
}

async function arrivalOf(
  { profileId, table }: VerifyRowItem,
  recordIds: readonly string[],
  readUpTo: string | undefined,
  ports: AutomationPorts,
): Promise<Arrival | { readonly kind: 'not-exported' }> {
  try {
    if (!(await ports.exporter.exports(profileId, table))) return { kind: 'not-exported' };
    const versions = await ports.exporter.rowVersions(profileId, table, recordIds);
    if (versions) return { kind: 'versions', versions };
    const profile = await ports.exporter.profile(profileId);
    if (!profile) return { kind: 'not-exported' };
    const { maxRetryCount, intervalSeconds } = profile.retryPolicy;
    return { kind: 'untold', readUpTo, retrySeconds: maxRetryCount * intervalSeconds };
  } catch (caught) {
    if (!logTrouble(`Verifying rows of table "${table}"`, caught, ports.log)) throw caught;
    return { kind: 'unreachable' };
  }
}

/** Looked up in the ledger, so that a message that comes again after a crash still releases them. */
async function releaseOthers(item: VerifyRowItem, ports: AutomationPorts): Promise<void> {
  const isHealed = ({ state, retouchedAt }: Failure) =>
    state === 'healed' && retouchedAt === item.retouchedAt;
  const healed = await failuresOfRows(item, (failures) => failures.filter(isHealed), ports);
  for (const [probe] of Map.groupBy([...healed.values()].flat(), kindOf).values()) {
    if (!probe) continue;
    const { cause, pattern, attempts, changedAt: healedAt } = probe;
    await releaseRows(item.profileId, { table: item.table, cause, pattern, attempts, healedAt }, ports);
  }
}

function tellHealed(item: VerifyRowItem, healed: readonly Failure[], ports: AutomationPorts): void {
  const seconds = (ports.clock.now().getTime() - Date.parse(item.retouchedAt)) / 1000;
  for (const [cause, failures] of Map.groupBy(healed, (failure) => failure.cause)) {
    const rows = new Set(failures.map(({ recordId }) => recordId)).size;
    const { profileId, table } = item;
    ports.telemetry.event('automation.row.healed', { profileId, table, cause, rows, seconds });
  }
}
