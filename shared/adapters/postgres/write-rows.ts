import type { DatabaseError, PoolClient } from 'pg';
import type { ErrorCode } from '../../error-codes.ts';
import type { ServiceError } from '../../errors.ts';
import type { Row } from '../../model/change.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { compareVersions } from '../../schema/row-version.ts';
import { existingTable } from './ddl.ts';
import { rowFaultOf } from './error-map.ts';
import type { Namespace } from './identifiers.ts';
import { isolateRefused } from './isolate-refused.ts';
import { loadStaging } from './load-staging.ts';
import {
  deleteRows,
  forgetReplaced,
  type MergeTarget,
  stampRows,
  unseenAmong,
  upsertStaged,
  versionsById,
  type Writing,
} from './merge.ts';
import type { IdentifiedRow, PageRows } from './row-text.ts';

/** A row that the destination refused, or a delete that it refused. */
export interface Refusal {
  readonly id: string;
  readonly version: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly exists: boolean;
}

/** Called for each refused row; the names of the row and table come from here, what is wrong from the caller. */
const reasonOf = (id: string, table: string, wrong: string) =>
  `Cannot write row "${id}" of table "${table}": ${wrong}.`;

async function tooLongColumn(
  client: PoolClient,
  namespace: Namespace,
  table: DestinationTable,
  row: Row,
): Promise<string | undefined> {
  const sources = new Map(table.columns.map(({ name, source }) => [name, source]));
  for (const { name, type } of (await existingTable(client, namespace, table.name))?.columns ?? []) {
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

async function refusalOf(
  client: PoolClient,
  { namespace, table }: MergeTarget,
  row: IdentifiedRow,
  error: DatabaseError,
): Promise<RowRefusal> {
  const { code, wrong } = rowFaultOf(error);
  const named =
    code === 'ROW_TEXT_TOO_LONG' ? await tooLongColumn(client, namespace, table, row.row) : undefined;
  return { id: row.id, version: row.version, code, wrong: named ?? wrong };
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
  { namespace, table }: MergeTarget,
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
    for (const id of [...undone, ...unstamped.map(({ item }) => item)]) isOpen.add(id);
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

/** Stages and merges the rows of a page; refused ones are found by halving. The caller is in a transaction and has the turn. */
export async function writeRows(
  client: PoolClient,
  target: MergeTarget,
  page: PageRows,
  writing: Writing,
): Promise<{ readonly writtenCount: number; readonly refused: readonly Refusal[] }> {
  const unexpressed = new Map<IdentifiedRow, ServiceError>();
  const unloaded = await isolateRefused(client, page.rows, (some) =>
    loadStaging(client, target.stage, page, some, unexpressed),
  );
  const notLoaded = new Set([...unexpressed.keys(), ...unloaded.map(({ item }) => item)]);
  const loaded = notLoaded.size === 0 ? page.rows : page.rows.filter((row) => !notLoaded.has(row));
  let writtenCount = 0;
  const unmerged = await isolateRefused(client, loaded, async (some) => {
    const range = [some[0]?.ordinal ?? 0, some.at(-1)?.ordinal ?? 0] as const;
    writtenCount += await upsertStaged(client, target, writing, range);
  });
  const refusals = Array.from(unexpressed, ([row, error]) => unexpressedRefusal(row, error));
  for (const { item, error } of [...unloaded, ...unmerged])
    refusals.push(await refusalOf(client, target, item, error));
  const refused = refusals.length === 0 ? [] : await withoutSuperseded(client, target, refusals, writing);
  if (loaded.length > 0)
    await forgetReplaced(
      client,
      target,
      refused.map(({ id }) => id),
    );
  return { writtenCount, refused };
}

/** Deletes rows; those whose delete the database refuses are found by halving. */
export async function removeRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<{ readonly deletedCount: number; readonly refused: readonly Refusal[] }> {
  let deletedCount = 0;
  const kept = await isolateRefused(client, ids, async (some) => {
    deletedCount += await deleteRows(client, namespace, table, some, deletedAt);
  });
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
