import { asServiceError, hasCode, type ServiceError } from '../errors.ts';
import type { Row } from '../model/change.ts';
import type { Failure } from '../model/failure.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { logTrouble } from './each-without-stopping.ts';
import { afterNoAttempt, afterVainAttempt, type Become, notExported } from './failure-life.ts';
import { type Touch, type TouchOutcome, touchOf, touchRow } from './touch-row.ts';

type FailuresByRow = ReadonlyMap<string, readonly Failure[]>;

/**
 * Writes the rows that are in flight again with identical values, then sends an item that verifies them. A message that
 * arrives twice or late writes nothing it should not. A row that Dataverse refuses waits again and holds back no other;
 * when Dataverse cannot be asked at all, what is left waits again as if it had not been tried. Only defects throw.
 */
export async function retouchRows(item: RetouchRowItem, ports: AutomationPorts): Promise<void> {
  const inFlight = await failuresInFlight(item, ports);
  const toWrite = new Map(
    [...inFlight].filter(([, failures]) => failures.some((failure) => !failure.retouchedAt)),
  );
  if (toWrite.size > 0) await writeRows(item, toWrite, ports);
  await sendVerification(item, ports);
}

async function failuresInFlight(item: RetouchRowItem, ports: AutomationPorts): Promise<FailuresByRow> {
  const byRow = new Map<string, readonly Failure[]>();
  for (const recordId of item.recordIds) {
    const failures = await ports.ledger.ofRow(item.profileId, item.table, recordId);
    const inFlight = failures.filter(({ state }) => state === 'retouching');
    if (inFlight.length > 0) byRow.set(recordId, inFlight);
  }
  return byRow;
}

async function writeRows(item: RetouchRowItem, rows: FailuresByRow, ports: AutomationPorts): Promise<void> {
  const settled = new Map<string, string>();
  const settle = async (recordId: string, outcome: string, change: (failure: Failure) => Become) => {
    const steps = (rows.get(recordId) ?? []).map((failure) => ({ failure, become: change(failure) }));
    await applySteps(item.profileId, steps, ports);
    settled.set(recordId, outcome);
  };
  try {
    if (!(await ports.exporter.exports(item.profileId, item.table))) {
      const { clock, options } = ports;
      for (const id of rows.keys())
        await settle(id, 'postponed', ({ attempts }) =>
          afterNoAttempt(attempts, clock.now(), options, notExported),
        );
      return;
    }
    const dataverse = await ports.organizations.dataverse(item.organizationId);
    const touch = touchOf(await dataverse.tableDefinition(item.table));
    if (typeof touch === 'string') {
      for (const id of rows.keys())
        await settle(id, 'impossible', () => ({ state: 'needs-attention', note: touch }));
      return;
    }
    // Taken before the first write: a failure that is logged after it is the fault of this re-touch.
    const retouchedAt = ports.clock.now().toISOString();
    const found = await dataverse.readRows(touch.query, [...rows.keys()]);
    for (const row of found) {
      const id = String(row[touch.query.table.primaryId]).toLowerCase();
      const outcome = await touchOrRefused(row, touch, dataverse, ports);
      if (outcome.kind === 'refused')
        await settle(id, 'refused', (failure) => refused(failure, outcome.error, ports));
      else await settle(id, outcome.kind, () => afterTouch(outcome, retouchedAt));
    }
    const missing = [...rows.keys()].filter((id) => !settled.has(id));
    const left = await deletesLeft(item, missing, rows, ports);
    for (const id of missing) await settle(id, 'gone', () => (left.has(id) ? deleteIsLeft : rowIsGone));
  } catch (caught) {
    if (!logTrouble(`Re-touching rows of table "${item.table}"`, caught, ports.log)) throw caught;
    const error = asServiceError(caught);
    const putBack = isOfNoRow(error) ? postponed : refused;
    for (const id of rows.keys())
      if (!settled.has(id)) await settle(id, 'postponed', (failure) => putBack(failure, error, ports));
  } finally {
    tellOutcomes(item, settled, ports);
  }
}

/** Touches one row; a refusal that may be of this row alone is an outcome. */
async function touchOrRefused(row: Row, touch: Touch, dataverse: Dataverse, { log }: AutomationPorts) {
  try {
    return await touchRow(row, touch, dataverse);
  } catch (caught) {
    const error = asServiceError(caught);
    const doing = `Re-touching a row of table "${touch.query.table.logicalName}"`;
    if (isOfNoRow(error) || !logTrouble(doing, error, log)) throw caught;
    return { kind: 'refused', error } as const;
  }
}

const codesOfNoRow = [
  'DATAVERSE_THROTTLED',
  'DATAVERSE_UNREACHABLE',
  'DATAVERSE_UNAUTHORIZED',
  'EXPORTER_UNREACHABLE',
  'EXPORTER_REFUSED',
  'EXPORTER_ANSWER_UNREADABLE',
  'STORAGE_UNAVAILABLE',
] as const;

/** Somebody could not be asked, whatever the row: this was no attempt. */
const isOfNoRow = (error: ServiceError) => hasCode(error, ...codesOfNoRow);

const rowIsGone: Become = { state: 'gone', note: 'The row was deleted in Dataverse.' };

const deleteIsLeft: Become = {
  state: 'needs-attention',
  note: 'The row was deleted in Dataverse, but the destination still has it: delete it there.',
};

/** Rows whose delete failed and which the destination still has, as far as the exporter can tell. */
async function deletesLeft(
  { profileId, table }: RetouchRowItem,
  missing: readonly string[],
  rows: FailuresByRow,
  ports: AutomationPorts,
): Promise<ReadonlySet<string>> {
  const ids = missing.filter((id) => rows.get(id)?.some(({ changeType }) => changeType === 'Delete'));
  if (ids.length === 0) return new Set();
  const versions = await ports.exporter.rowVersions(profileId, table, ids);
  return new Set(ids.filter((id) => versions?.has(id) ?? true));
}

function afterTouch(outcome: TouchOutcome, retouchedAt: string): Become {
  if (outcome.kind === 'gone') return rowIsGone;
  const note =
    outcome.kind === 'written' ? 'Was written again.' : 'Was changed meanwhile and is exported by itself.';
  return { retouchedAt, retouchedVersion: outcome.version, note };
}

function refused({ attempts }: Failure, { message }: ServiceError, { clock, options }: AutomationPorts) {
  return afterVainAttempt(attempts, clock.now(), options, `Could not be written again. ${message}`);
}

function postponed({ attempts }: Failure, error: ServiceError, { clock, options }: AutomationPorts): Become {
  const note = `Could not be written again yet. ${error.message}`;
  return afterNoAttempt(attempts, clock.now(), options, note, error.retryAfterSeconds);
}

/** Rows written by an earlier delivery of the message are sent again too, as it may have died before it sent them. */
async function sendVerification(item: RetouchRowItem, ports: AutomationPorts): Promise<void> {
  const touched = [...(await failuresInFlight(item, ports))].flatMap(([recordId, failures]) =>
    [...new Set(failures.flatMap(({ retouchedAt }) => retouchedAt ?? []))].map((at) => ({ recordId, at })),
  );
  for (const [retouchedAt, rows] of Map.groupBy(touched, ({ at }) => at)) {
    const recordIds = rows.map(({ recordId }) => recordId);
    await ports.queues.verifyRow.send(
      { ...item, recordIds, retouchedAt },
      ports.options.verifyIntervalSeconds,
    );
  }
}

function tellOutcomes(
  { profileId, table }: RetouchRowItem,
  settled: ReadonlyMap<string, string>,
  ports: AutomationPorts,
): void {
  for (const [outcome, rows] of Map.groupBy(settled, ([, outcome]) => outcome))
    ports.telemetry.event('automation.row.retouched', { profileId, table, outcome, rows: rows.length });
}
