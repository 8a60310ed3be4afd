import type { ErrorCode } from '../../error-codes.ts';
import type { ChangeType } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { RejectedRowStatements } from '../sql/statements.ts';
import type { BulkColumn } from './bulk-types.ts';
import { tableName } from './identifiers.ts';
import { stagedIds, stageIds, stageRows } from './load-staging.ts';
import { type Session, type SqlParameter, sql } from './session.ts';

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

/** Of rows that were not given up. The index of the table has these alone. */
const isTried = 'r.[GivenUpAt] IS NULL';

const tryAgain = '[Attempts] = 0, [NextAttemptAt] = @at, [IsResync] = 1, [GivenUpAt] = NULL';

/** Rejected rows in SQL Server. */
export function rejectedRowStatements(session: Session, namespace: Namespace): RejectedRowStatements {
  const name = tableName(namespace, systemTables.rejectedRow);
  const ofStagedRows = `FROM ${name} AS r INNER JOIN ${staged} AS g ON g.[Id] = r.[RecordId] WHERE r.[TableName] = @table`;
  const ofStagedIds = `FROM ${name} AS r INNER JOIN ${stagedIds} AS s ON s.[Id] = r.[RecordId] WHERE r.[TableName] = @table`;

  async function found(text: string, table: string, parameters: readonly SqlParameter[] = []) {
    const { rows } = await session.query<StoredRejectedRow>(text, [named(table), ...parameters]);
    return rows.map((row) => fromStored(table, row));
  }

  async function changed(text: string, table: string, parameters: readonly SqlParameter[] = []) {
    return (await session.query(text, [named(table), ...parameters])).rowCount;
  }

  async function byId(table: string, ids: readonly string[]): Promise<readonly RejectedRow[]> {
    if (ids.length === 0) return [];
    await stageIds(session, [...new Set(ids)]);
    return found(
      `SELECT ${members} FROM ${name} AS r WITH (UPDLOCK, ROWLOCK) INNER JOIN ${stagedIds} AS s ON s.[Id] = r.[RecordId]
     WHERE r.[TableName] = @table ORDER BY r.[RecordId]`,
      table,
    );
  }

  return {
    async record(table, rows) {
      await stageRejected(session, rows);
      await changed(
        `UPDATE r SET ${[later('Version', 'g.[Version]'), later('NoticedAt', time('NoticedAt')), ...keptMembers].join(', ')}
     ${ofStagedRows};
     INSERT INTO ${name} ([TableName], [RecordId], [Version], [ChangeType], [NoticedAt], [Attempts], [NextAttemptAt], [Code],
       [Reason], [IsResync])
     SELECT @table, g.[Id], g.[Version], g.[ChangeType], ${time('NoticedAt')}, g.[Attempts], ${time('NextAttemptAt')}, g.[Code],
       g.[Reason], g.[IsResync] FROM ${staged} AS g
     WHERE NOT EXISTS (SELECT 1 FROM ${name} AS r WHERE r.[TableName] = @table AND r.[RecordId] = g.[Id]);`,
        table,
      );
    },
    byId,
    due: (table, now, limit) =>
      found(
        `SELECT TOP (@limit) ${members} FROM ${name} AS r
     WHERE r.[TableName] = @table AND ${isTried} AND r.[NextAttemptAt] <= @now ORDER BY r.[NextAttemptAt], r.[RecordId]`,
        table,
        [sql.datetime2('now', now), sql.int('limit', limit)],
      ),
    async nextAttemptAt(table) {
      const { rows } = await session.query<{ next: Date | null }>(
        `SELECT MIN(r.[NextAttemptAt]) AS [next] FROM ${name} AS r WHERE r.[TableName] = @table AND ${isTried}`,
        [named(table)],
      );
      return rows[0]?.next ?? undefined;
    },
    among: async (table, ids) => new Set((await byId(table, ids)).map(({ id }) => id)),
    async forget(table, ids) {
      if (ids.length === 0) return;
      await stageIds(session, [...new Set(ids)]);
      await changed(`DELETE r ${ofStagedIds}`, table);
    },
    async forgetAll(table) {
      await changed(`DELETE FROM ${name} WHERE [TableName] = @table`, table);
    },
    forgetGivenUp: (table) =>
      changed(`DELETE FROM ${name} WHERE [TableName] = @table AND [GivenUpAt] IS NOT NULL`, table),
    async update(table, rows) {
      if (rows.length === 0) return;
      await stageRejected(session, rows);
      await changed(
        `UPDATE r SET [Version] = g.[Version], [Attempts] = g.[Attempts], [NextAttemptAt] = ${time('NextAttemptAt')},
       [Code] = g.[Code], [Reason] = g.[Reason], [ChangeType] = g.[ChangeType]
     ${ofStagedRows}`,
        table,
      );
    },
    async giveUp(table, rows, at) {
      if (rows.length === 0) return 0;
      await stageRejected(session, rows);
      return changed(
        `UPDATE r SET [GivenUpAt] = @at ${ofStagedRows} AND ${isTried} AND r.[Version] = g.[Version] AND r.[Attempts] = g.[Attempts]`,
        table,
        [sql.datetime2('at', at)],
      );
    },
    resyncGivenUp: (table, at) =>
      changed(
        `UPDATE ${name} SET ${tryAgain} WHERE [TableName] = @table AND [GivenUpAt] IS NOT NULL`,
        table,
        [sql.datetime2('at', at)],
      ),
    async resync(table, ids, at) {
      const distinct = [...new Set(ids)];
      if (distinct.length === 0) return { count: 0, givenUpCount: 0 };
      await stageIds(session, distinct);
      const { rows } = await session.query<{ count: number }>(
        `SELECT COUNT(*) AS [count] ${ofStagedIds} AND r.[GivenUpAt] IS NOT NULL`,
        [named(table)],
      );
      await changed(
        `UPDATE r SET ${tryAgain} ${ofStagedIds};
     INSERT INTO ${name} ([TableName], [RecordId], [Version], [ChangeType], [NoticedAt], [Attempts], [NextAttemptAt], [Code],
       [Reason], [IsResync])
     SELECT @table, s.[Id], 0, N'Update', @at, 0, @at, N'ROW_REFUSED', N'', 1 FROM ${stagedIds} AS s
     WHERE NOT EXISTS (SELECT 1 FROM ${name} AS r WHERE r.[TableName] = @table AND r.[RecordId] = s.[Id]);`,
        table,
        [sql.datetime2('at', at)],
      );
      return { count: distinct.length, givenUpCount: rows[0]?.count ?? 0 };
    },
  };
}
