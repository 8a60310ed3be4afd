import { asServiceError } from '../errors.ts';
import type { Row } from '../model/change.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import type { Dataverse } from '../ports/dataverse.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { logTrouble } from './each-without-stopping.ts';
import type { Become } from './failure-life.ts';
import { quietTouch } from './quiet-touch.ts';
import { isOfNoRow, type RowOutcomes, refused } from './row-outcomes.ts';
import { impossibleBy, selfTest } from './self-test.ts';
import { type Touch, type TouchOutcome, touchOf } from './touch-row.ts';

/** Writes these rows of one table, which is exported, with identical values, as far as they can be, and settles each. */
export async function touchRows(
  item: RetouchRowItem,
  rows: RowOutcomes,
  ports: AutomationPorts,
): Promise<void> {
  const dataverse = await ports.organizations.dataverse(item.organizationId);
  const facts = await ports.touchFacts.of(item.organizationId);
  const impossible = impossibleBy(facts, ports.clock.now(), ports.options);
  const touch = impossible ?? touchOf(await dataverse.tableDefinition(item.table));
  if (ports.options.isRetouchDryRun) return rehearse(touch, item, dataverse, rows, ports);
  if (typeof touch === 'string') return giveUpRest(touch, rows);

  const touchQuietly = quietTouch(touch, dataverse, facts, ports);
  const test = selfTest(touch, dataverse, facts, ports);
  // Taken before the first write: a failure that is logged after it is the fault of this re-touch.
  const retouchedAt = ports.clock.now().toISOString();
  for (const row of await dataverse.readRows(touch.query, rows.left())) {
    const id = idOf(row, touch);
    const outcome = await touchQuietly(row).catch((error: unknown) => asRefusal(error, touch, ports));
    if (outcome.kind === 'refused') {
      await rows.settle([id], 'refused', refused(outcome.error, ports));
      continue;
    }
    const reason = await test(row, outcome);
    if (reason !== undefined) return giveUpRest(reason, rows);
    await rows.settle([id], outcome.kind, () => afterTouch(outcome, retouchedAt));
  }
  await settleMissing(item, rows, ports);
}

/** The dry run: what would be written is read, and everything stays as it is. */
async function rehearse(
  touch: Touch | string,
  { profileId, table }: RetouchRowItem,
  dataverse: Dataverse,
  rows: RowOutcomes,
  { log }: AutomationPorts,
): Promise<void> {
  const count = rows.left().length;
  if (typeof touch === 'string') {
    log.info(`Dry run: would give up ${count} rows of table "${table}" of profile "${profileId}". ${touch}`);
    return rows.settleRest('would-need-attention', rows.putBack(`Dry run: would need attention. ${touch}`));
  }
  const found = new Set((await dataverse.readRows(touch.query, rows.left())).map((row) => idOf(row, touch)));
  log.info(
    `Dry run: would write ${found.size} of ${count} rows of table "${table}" of profile "${profileId}" again, column "${touch.column}"; the others are no more.`,
  );
  const isGone = (id: string) => !found.has(id);
  const note = 'Dry run: the row was deleted in Dataverse.';
  await rows.settle(rows.left().filter(isGone), 'would-be-gone', rows.putBack(note));
  await rows.settleRest(
    'would-write',
    rows.putBack(`Dry run: would be written again, column "${touch.column}".`),
  );
}

const idOf = (row: Row, { query }: Touch) => String(row[query.table.primaryId]).toLowerCase();

/** A refusal that may be of this row alone; anything else is thrown on. */
function asRefusal(caught: unknown, { query }: Touch, { log }: AutomationPorts) {
  const error = asServiceError(caught);
  const doing = `Re-touching a row of table "${query.table.logicalName}"`;
  if (isOfNoRow(error) || !logTrouble(doing, error, log)) throw caught;
  return { kind: 'refused', error } as const;
}

function giveUpRest(note: string, rows: RowOutcomes): Promise<void> {
  return rows.settleRest('impossible', () => ({ state: 'needs-attention', note }));
}

const rowIsGone: Become = { state: 'gone', note: 'The row was deleted in Dataverse.' };

const deleteIsLeft: Become = {
  state: 'needs-attention',
  note: 'The row was deleted in Dataverse, but the destination still has it: delete it there.',
};

/** Rows that Dataverse does not have. A delete that failed may still be owed to the destination, as far as the exporter tells. */
async function settleMissing(
  { profileId, table }: RetouchRowItem,
  rows: RowOutcomes,
  { exporter }: AutomationPorts,
): Promise<void> {
  const deleted = rows.left().filter((id) => rows.isDelete(id));
  const versions = deleted.length > 0 ? await exporter.rowVersions(profileId, table, deleted) : undefined;
  await rows.settleRest('gone', ({ recordId = '' }) => {
    const isLeft = deleted.includes(recordId) && (versions?.has(recordId) ?? true);
    return isLeft ? deleteIsLeft : rowIsGone;
  });
}

function afterTouch(outcome: TouchOutcome, retouchedAt: string): Become {
  if (outcome.kind === 'gone') return rowIsGone;
  const note =
    outcome.kind === 'written' ? 'Was written again.' : 'Was changed meanwhile and is exported by itself.';
  return { retouchedAt, retouchedVersion: outcome.version, note };
}
