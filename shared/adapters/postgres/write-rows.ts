import type { PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import type { Row } from '../../model/change.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { ExistingColumn } from '../../schema/compare-table.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { type Refusal, type RowRefusal, refusalOf, unexpressedRefusal } from '../../schema/rejections.ts';
import { compareVersions } from '../../schema/row-version.ts';
import { type RowFault, rowFaultOf } from './error-map.ts';
import { existingTable } from './existing-tables.ts';
import type { Namespace } from './identifiers.ts';
import type { Refused } from './isolate-refused.ts';
import { ensureStage, loadStaging } from './load-staging.ts';
import {
  deleteRows,
  forgetReplaced,
  mergeStaged,
  stampRows,
  unseenAmong,
  versionsById,
  type WriteTarget,
  type Writing,
} from './merge.ts';
import type { PageRows } from './row-text.ts';

function tooLongColumn(
  existing: readonly ExistingColumn[],
  table: DestinationTable,
  row: Row,
): string | undefined {
  const sources = new Map(table.columns.map(({ name, source }) => [name, source]));
  for (const { name, type } of existing) {
    const value = row[sources.get(name) ?? ''];
    if (type?.kind !== 'text' || type.maxLength === undefined || typeof value !== 'string') continue;
    const length = [...value].length;
    if (length > type.maxLength)
      return `column "${name}" holds at most ${type.maxLength} characters, received ${length}`;
  }
  return undefined;
}

/** What PostgreSQL says of refused rows, with the column that a text is too long for, which it does not name. */
async function refusalsOf(
  client: PoolClient,
  { namespace, table }: WriteTarget,
  refused: readonly Refused<IdentifiedRow>[],
): Promise<readonly RowRefusal[]> {
  const faults = refused.map(({ item, fault }) => ({ item, ...rowFaultOf(fault) }));
  const isAnyTooLong = faults.some(({ code }) => code === 'ROW_TEXT_TOO_LONG');
  const existing = isAnyTooLong ? await existingTable(client, namespace, table.name) : undefined;
  return faults.map(({ item: { id, version, row }, code, wrong }) => {
    const isTooLong = code === 'ROW_TEXT_TOO_LONG';
    const named = isTooLong ? tooLongColumn(existing?.columns ?? [], table, row) : undefined;
    return { id, version, code, wrong: named ?? wrong };
  });
}

/**
 * The refused rows that have to be tried again: not those whose version, or a newer one, is in the table already; in a refill
 * only a newer one has what the row brings. In a reload the rows that stay as they are count as seen.
 */
async function withoutSuperseded(
  client: PoolClient,
  { namespace, table }: WriteTarget,
  refusals: readonly RowRefusal[],
  { mode, writtenAt, loadStartedAt }: Writing,
): Promise<readonly Refusal[]> {
  const ids = refusals.map(({ id }) => id);
  const stored = await versionsById(client, namespace, table.name, ids);
  const order = ({ id, version }: RowRefusal) => {
    const known = stored.get(id);
    return known === undefined ? -1 : compareVersions(known, version);
  };
  const isOpen = new Set(
    refusals.filter((row) => order(row) < (mode === 'refill' ? 1 : 0)).map(({ id }) => id),
  );
  if (mode === 'reload') {
    const newer = refusals.filter((row) => order(row) > 0).map(({ id }) => id);
    const undone = await unseenAmong(client, namespace, table.name, newer, loadStartedAt);
    const seen = [...stored.keys()];
    const unstamped = await stampRows(client, namespace, table.name, seen, [...undone], writtenAt);
    for (const id of [...undone, ...unstamped.refused.map(({ item }) => item)]) isOpen.add(id);
  }
  return refusals
    .filter(({ id }) => isOpen.has(id))
    .map((row) => refusalOf(row, table.name, stored.has(row.id)));
}

/**
 * When so many rows are refused, each of the page, and all because of one named constraint or column, then the table is at
 * fault and not its rows: it is thrown.
 */
const suspicious = 200;

function refuseTableAtFault(
  table: string,
  rowCount: number,
  refused: readonly Refused<IdentifiedRow>[],
): void {
  const [first] = refused;
  if (first === undefined || refused.length < Math.max(suspicious, rowCount)) return;
  const causeOf = ({ code, constraint, column }: RowFault) => [code, constraint, column].join();
  const isNamed = (first.fault.constraint ?? first.fault.column) !== undefined;
  if (!isNamed || refused.some(({ fault }) => causeOf(fault) !== causeOf(first.fault))) return;
  throw new ServiceError(
    'DESTINATION_TABLE_CONFLICT',
    `Cannot write table "${table}": it refuses every row of a page; ${rowFaultOf(first.fault).wrong}.`,
  );
}

/** Stages and merges the rows of a page but those that are refused. The caller is in a transaction and has the turn. */
export async function writeRows(
  client: PoolClient,
  target: WriteTarget,
  page: PageRows,
  writing: Writing,
): Promise<{ readonly writtenCount: number; readonly refused: readonly Refusal[] }> {
  if (page.rows.length === 0) return { writtenCount: 0, refused: [] };
  const staged = { ...target, stage: await ensureStage(client, target.table) };
  const { unexpressed, refused: unloaded } = await loadStaging(client, staged.stage, page);
  const notLoaded = new Set([...unexpressed.keys(), ...unloaded.map(({ item }) => item)]);
  const loaded = notLoaded.size === 0 ? page.rows : page.rows.filter((row) => !notLoaded.has(row));
  const unmerged = await mergeStaged(client, staged, writing, loaded);
  refuseTableAtFault(target.table.name, loaded.length, unmerged.refused);
  const refusals = [
    ...Array.from(unexpressed, ([row, error]) => unexpressedRefusal(row, error)),
    ...(await refusalsOf(client, target, [...unloaded, ...unmerged.refused])),
  ];
  const refused = refusals.length === 0 ? [] : await withoutSuperseded(client, target, refusals, writing);
  if (loaded.length > 0)
    await forgetReplaced(
      client,
      staged,
      refused.map(({ id }) => id),
    );
  return { writtenCount: unmerged.count, refused };
}

/** Deletes rows but those whose delete the database refuses. */
export async function removeRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<{ readonly deletedCount: number; readonly refused: readonly Refusal[] }> {
  const { count: deletedCount, refused: kept } = await deleteRows(client, namespace, table, ids, deletedAt);
  const stored = await versionsById(
    client,
    namespace,
    table,
    kept.map(({ item }) => item),
  );
  const refused = kept.map(({ item: id, fault }) => {
    const { code, wrong } = rowFaultOf(fault);
    const reason = `Cannot delete row "${id}" of table "${table}": ${wrong}.`;
    return { id, version: stored.get(id) ?? '0', code, reason, exists: true };
  });
  return { deletedCount, refused };
}
