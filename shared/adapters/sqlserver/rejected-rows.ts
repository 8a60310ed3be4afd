import type { ErrorCode } from '../../error-codes.ts';
import type { ChangeType } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { BulkColumn } from './bulk-types.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { stagedIds, stageIds, stageRows } from './load-staging.ts';
import { type Session, sql } from './session.ts';

interface StoredRejectedRow {
  readonly RecordId: string;
  readonly Version: string;
  readonly ChangeType: string;
  readonly NoticedAt: Date;
  readonly Attempts: number;
  readonly NextAttemptAt: Date;
  readonly Code: string;
  readonly Reason: string;
  readonly IsResync: boolean | null;
}

const nameOf = (namespace: Namespace) => tableName(namespace, systemTables.rejectedRow);
const named = (table: string) => sql.text('table', table);

const members = `r.[RecordId], CONVERT(nvarchar(40), r.[Version]) AS [Version], r.[ChangeType], r.[NoticedAt], r.[Attempts],
  r.[NextAttemptAt], r.[Code], r.[Reason], r.[IsResync]`;

function fromStored(table: string, row: StoredRejectedRow): RejectedRow {
  return {
    table,
    id: row.RecordId,
    version: row.Version,
    changeType: row.ChangeType as ChangeType,
    noticedAt: row.NoticedAt.toISOString(),
    attempts: row.Attempts,
    nextAttemptAt: row.NextAttemptAt.toISOString(),
    code: row.Code as ErrorCode,
    reason: row.Reason,
    isResync: row.IsResync === true,
  };
}

const staged = '#rejected';
const stagedColumns: readonly BulkColumn[] = [
  { name: 'Id', type: 'uuid' },
  { name: 'Version', type: 'decimal', scale: 0 },
  { name: 'ChangeType', type: 'text', length: 32 },
  { name: 'NoticedAt', type: 'text', length: 30 },
  { name: 'Attempts', type: 'int' },
  { name: 'NextAttemptAt', type: 'text', length: 30 },
  { name: 'Code', type: 'text', length: 64 },
  { name: 'Reason', type: 'text' },
  { name: 'IsResync', type: 'bit' },
];

/** Times as ISO text without a zone, which every server reads the same with style 126. */
const localTime = (iso: string) => iso.replace('Z', '');
const time = (column: string) => `CONVERT(datetime2(3), g.[${column}], 126)`;

function stageRejected(session: Session, rows: readonly RejectedRow[]): Promise<void> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const values = Array.from(byId.values(), (row) => [
    row.id,
    row.version,
    row.changeType,
    localTime(row.noticedAt),
    row.attempts,
    localTime(row.nextAttemptAt),
    row.code,
    row.reason,
    row.isResync,
  ]);
  return stageRows(session, staged, stagedColumns, 'Id', values);
}

const isReplaced =
  "(r.[Version] < g.[Version] OR (g.[ChangeType] = N'Delete' AND r.[ChangeType] <> N'Delete'))";
const later = (column: string, given: string) =>
  `[${column}] = CASE WHEN r.[${column}] < ${given} THEN ${given} ELSE r.[${column}] END`;

/** Members of a record that keep their values when the same version is refused again. */
const keptMembers = [
  ['ChangeType', 'g.[ChangeType]'],
  ['Attempts', 'g.[Attempts]'],
  ['NextAttemptAt', time('NextAttemptAt')],
  ['Code', 'g.[Code]'],
  ['Reason', 'g.[Reason]'],
  ['IsResync', 'g.[IsResync]'],
  ['GivenUpAt', 'NULL'],
].map(([name, given]) => `[${name}] = CASE WHEN ${isReplaced} THEN ${given} ELSE r.[${name}] END`);

/**
 * Records rejected rows and returns them as they are recorded. A record of the same version keeps its attempts and its
 * turn: a row that comes again must not be retried for ever. A refused delete takes the place of any record.
 */
export async function recordRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
): Promise<readonly RejectedRow[]> {
  if (rows.length === 0) return [];
  const name = nameOf(namespace);
  await stageRejected(session, rows);
  await session.query(
    `UPDATE r SET ${[later('Version', 'g.[Version]'), later('NoticedAt', time('NoticedAt')), ...keptMembers].join(', ')}
     FROM ${name} AS r INNER JOIN ${staged} AS g ON g.[Id] = r.[RecordId] WHERE r.[TableName] = @table;
     INSERT INTO ${name} ([TableName], [RecordId], [Version], [ChangeType], [NoticedAt], [Attempts], [NextAttemptAt], [Code],
       [Reason], [IsResync])
     SELECT @table, g.[Id], g.[Version], g.[ChangeType], ${time('NoticedAt')}, g.[Attempts], ${time('NextAttemptAt')}, g.[Code],
       g.[Reason], g.[IsResync] FROM ${staged} AS g
     WHERE NOT EXISTS (SELECT 1 FROM ${name} AS r WHERE r.[TableName] = @table AND r.[RecordId] = g.[Id]);`,
    [named(table)],
  );
  const ids = rows.map(({ id }) => id);
  return rejectedRowsById(session, namespace, table, ids);
}

/** Records by id, locked until the end of the transaction. */
export async function rejectedRowsById(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<readonly RejectedRow[]> {
  if (ids.length === 0) return [];
  await stageIds(session, [...new Set(ids)]);
  const found = await session.query<StoredRejectedRow>(
    `SELECT ${members} FROM ${nameOf(namespace)} AS r WITH (UPDLOCK, ROWLOCK) INNER JOIN ${stagedIds} AS s ON s.[Id] = r.[RecordId]
     WHERE r.[TableName] = @table ORDER BY r.[RecordId]`,
    [named(table)],
  );
  return found.rows.map((row) => fromStored(table, row));
}

/** Of rows that were not given up. The index of the table has these alone. */
const isTried = 'r.[GivenUpAt] IS NULL';

/** Rejected rows whose next attempt is due, oldest first. */
export async function dueRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
  now: Date,
  limit: number,
): Promise<readonly RejectedRow[]> {
  const found = await session.query<StoredRejectedRow>(
    `SELECT TOP (@limit) ${members} FROM ${nameOf(namespace)} AS r
     WHERE r.[TableName] = @table AND ${isTried} AND r.[NextAttemptAt] <= @now ORDER BY r.[NextAttemptAt], r.[RecordId]`,
    [named(table), sql.datetime2('now', now), sql.int('limit', limit)],
  );
  return found.rows.map((row) => fromStored(table, row));
}

/** When the next rejected row is due. */
export async function nextAttemptAt(
  session: Session,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await session.query<{ next: Date | null }>(
    `SELECT MIN(r.[NextAttemptAt]) AS [next] FROM ${nameOf(namespace)} AS r WHERE r.[TableName] = @table AND ${isTried}`,
    [named(table)],
  );
  return found.rows[0]?.next ?? undefined;
}

/** Those of the ids that have a record. */
export async function rejectedAmong(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const records = await rejectedRowsById(session, namespace, table, ids);
  return new Set(records.map(({ id }) => id));
}

/** Forgets records by id. */
export async function forgetRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await stageIds(session, [...new Set(ids)]);
  await session.query(
    `DELETE r FROM ${nameOf(namespace)} AS r INNER JOIN ${stagedIds} AS s ON s.[Id] = r.[RecordId] WHERE r.[TableName] = @table`,
    [named(table)],
  );
}

/** Forgets all records of a table, whose load begins anew. */
export async function forgetAllRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
): Promise<void> {
  await session.query(`DELETE FROM ${nameOf(namespace)} WHERE [TableName] = @table`, [named(table)]);
}

/** Writes what another failed attempt has changed: attempts, next attempt, version, code and reason. */
export async function updateRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await stageRejected(session, rows);
  await session.query(
    `UPDATE r SET [Version] = g.[Version], [Attempts] = g.[Attempts], [NextAttemptAt] = ${time('NextAttemptAt')},
       [Code] = g.[Code], [Reason] = g.[Reason], [ChangeType] = g.[ChangeType]
     FROM ${nameOf(namespace)} AS r INNER JOIN ${staged} AS g ON g.[Id] = r.[RecordId] WHERE r.[TableName] = @table`,
    [named(table)],
  );
}

/** Gives up those that are still as given, and returns how many there were. */
export async function giveUpRejectedRows(
  session: Session,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
  at: Date,
): Promise<number> {
  if (rows.length === 0) return 0;
  await stageRejected(session, rows);
  const { rowCount } = await session.query(
    `UPDATE r SET [GivenUpAt] = @at FROM ${nameOf(namespace)} AS r INNER JOIN ${staged} AS g ON g.[Id] = r.[RecordId]
     WHERE r.[TableName] = @table AND ${isTried} AND r.[Version] = g.[Version] AND r.[Attempts] = g.[Attempts]`,
    [named(table), sql.datetime2('at', at)],
  );
  return rowCount;
}

/** Forgets the rows that were given up; how many. */
export async function forgetGivenUp(session: Session, namespace: Namespace, table: string): Promise<number> {
  const { rowCount } = await session.query(
    `DELETE FROM ${nameOf(namespace)} WHERE [TableName] = @table AND [GivenUpAt] IS NOT NULL`,
    [named(table)],
  );
  return rowCount;
}
