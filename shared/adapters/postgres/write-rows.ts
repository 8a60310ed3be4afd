import type { DatabaseError, PoolClient } from 'pg';
import type { ErrorCode } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { Row } from '../../model/change.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { ExistingColumn } from '../../schema/compare-table.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import type { Refusal } from '../../schema/rejections.ts';
import { compareVersions } from '../../schema/row-version.ts';
import { rowFaultOf } from './error-map.ts';
import { existingTable } from './existing-tables.ts';
import type { Namespace } from './identifiers.ts';
import { isolateRefused, type Refused } from './isolate-refused.ts';
import { ensureStage, loadStaging } from './load-staging.ts';
import {
  deleteRows,
  forgetReplaced,
  stampRows,
  unseenAmong,
  upsertStaged,
  versionsById,
  type WriteTarget,
  type Writing,
} from './merge.ts';
import type { PageRows } from './row-text.ts';

/** Called for each refused row; the names of the row and table come from here, what is wrong from the caller. */
const reasonOf = (id: string, table: string, wrong: string) =>
  `Cannot write row "${id}" of table "${table}": ${wrong}.`;

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

interface RowRefusal {
  readonly id: string;
  readonly version: string;
  readonly code: ErrorCode;
  readonly wrong: string;
}

/** What PostgreSQL says of refused rows, with the column that a text is too long for, which it does not name. */
async function refusalsOf(
  client: PoolClient,
  { namespace, table }: WriteTarget,
  refused: readonly Refused<IdentifiedRow>[],
): Promise<readonly RowRefusal[]> {
  const faults = refused.map(({ item, error }) => ({ item, ...rowFaultOf(error) }));
  const isAnyTooLong = faults.some(({ code }) => code === 'ROW_TEXT_TOO_LONG');
  const existing = isAnyTooLong ? await existingTable(client, namespace, table.name) : undefined;
  return faults.map(({ item: { id, version, row }, code, wrong }) => {
    const isTooLong = code === 'ROW_TEXT_TOO_LONG';
    const named = isTooLong ? tooLongColumn(existing?.columns ?? [], table, row) : undefined;
    return { id, version, code, wrong: named ?? wrong };
  });
}

function unexpressedRefusal({ id, version }: IdentifiedRow, { code, parameters }: ServiceError): RowRefusal {
  const [column, wrong] = parameters;
  return { id, version, code, wrong: `column "${column}" ${wrong}` };
}

/**
 * The refused rows that have to be tried again: not those whose version, or a newer one, is in the table already. In a
 * reload the rows that stay as they are count as seen.
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
  const isOpen = new Set(refusals.filter((row) => order(row) < 0).map(({ id }) => id));
  if (mode === 'reload') {
    const newer = refusals.filter((row) => order(row) > 0).map(({ id }) => id);
    const undone = await unseenAmong(client, namespace, table.name, newer, loadStartedAt);
    const stamp = (some: readonly string[]) =>
      stampRows(client, namespace, table.name, some, [...undone], writtenAt);
    const unstamped = await isolateRefused(client, [...stored.keys()], stamp);
    for (const id of [...undone, ...unstamped.refused.map(({ item }) => item)]) isOpen.add(id);
  }
  return refusals
    .filter(({ id }) => isOpen.has(id))
    .map(({ id, version, code, wrong }) => ({
      id,
      version,
      code,
      reason: reasonOf(id, table.name, wrong),
      exists: stored.has(id),
    }));
}

function tableFault(table: string, error: DatabaseError): ServiceError {
  return new ServiceError(
    'DESTINATION_TABLE_CONFLICT',
    `Cannot write table "${table}": it refuses every row of a page; ${rowFaultOf(error).wrong}.`,
    { cause: error },
  );
}

/** Stages and merges the rows of a page; refused ones are found by halving. The caller is in a transaction and has the turn. */
export async function writeRows(
  client: PoolClient,
  target: WriteTarget,
  page: PageRows,
  writing: Writing,
): Promise<{ readonly writtenCount: number; readonly refused: readonly Refusal[] }> {
  if (page.rows.length === 0) return { writtenCount: 0, refused: [] };
  const staged = { ...target, stage: await ensureStage(client, target.table) };
  const unexpressed = new Map<IdentifiedRow, ServiceError>();
  const unloaded = await isolateRefused(client, page.rows, (some) =>
    loadStaging(client, staged.stage, page, some, unexpressed),
  );
  const notLoaded = new Set([...unexpressed.keys(), ...unloaded.refused.map(({ item }) => item)]);
  const loaded = notLoaded.size === 0 ? page.rows : page.rows.filter((row) => !notLoaded.has(row));
  const unmerged = await isolateRefused(
    client,
    loaded,
    (some) => upsertStaged(client, staged, writing, [some[0]?.ordinal ?? 0, some.at(-1)?.ordinal ?? 0]),
    (error) => tableFault(target.table.name, error),
  );
  const refusals = [
    ...Array.from(unexpressed, ([row, error]) => unexpressedRefusal(row, error)),
    ...(await refusalsOf(client, target, [...unloaded.refused, ...unmerged.refused])),
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

/** Deletes rows; those whose delete the database refuses are found by halving. */
export async function removeRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<{ readonly deletedCount: number; readonly refused: readonly Refusal[] }> {
  const { count: deletedCount, refused: kept } = await isolateRefused(client, ids, (some) =>
    deleteRows(client, namespace, table, some, deletedAt),
  );
  const stored = await versionsById(
    client,
    namespace,
    table,
    kept.map(({ item }) => item),
  );
  const refused = kept.map(({ item: id, error }) => {
    const { code, wrong } = rowFaultOf(error);
    const reason = `Cannot delete row "${id}" of table "${table}": ${wrong}.`;
    return { id, version: stored.get(id) ?? '0', code, reason, exists: true };
  });
  return { deletedCount, refused };
}
