import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { Outcome, RowStatements } from '../sql/statements.ts';
import { runLong } from './connection.ts';
import { isThere } from './existing-tables.ts';
import { tableName } from './identifiers.ts';
import { isolateRefused, type StagedWork, stagedAttempt } from './isolate-refused.ts';
import { stagedIds, stageIds } from './load-staging.ts';
import { isUnseen, pageOf } from './page.ts';
import { type Session, type SqlParameter, sql } from './session.ts';

/** An id among those that are staged. */
interface StagedId {
  readonly ordinal: number;
  readonly id: string;
}

async function isolateIds(
  session: Session,
  ids: readonly string[],
  work: Omit<StagedWork, 'staged'>,
): Promise<Outcome<string>> {
  if (ids.length === 0) return { count: 0, refused: [] };
  const distinct = [...new Set(ids)];
  const items = distinct.map((id, ordinal): StagedId => ({ ordinal, id }));
  const attempt = stagedAttempt<StagedId>(session, { ...work, staged: stagedIds });
  await stageIds(session, distinct);
  const { count, refused } = await isolateRefused(session, items, attempt);
  return { count, refused: refused.map(({ item, fault }) => ({ item: item.id, fault })) };
}

/** Rows of the reporting tables in SQL Server. */
export function rowStatements(session: Session, namespace: Namespace): RowStatements {
  const named = (table: string) => tableName(namespace, table);
  const ofStagedIds = (table: string) =>
    `${named(table)} AS t INNER JOIN ${stagedIds} AS s ON s.[Id] = t.[Id]`;

  async function ids(text: string, parameters: readonly SqlParameter[]): Promise<readonly string[]> {
    const { rows } = await session.query<{ Id: string }>(text, parameters);
    return rows.map(({ Id }) => Id);
  }

  return {
    page: (table, rows) => pageOf(session, namespace, table, rows),
    delete: (table, given, deletedAt) => {
      const rows = ofStagedIds(table);
      const deletion = {
        text: (condition: string) => `DELETE t FROM ${rows} WHERE ${condition}`,
        isCounted: true,
      };
      if (deletedAt === undefined) return isolateIds(session, given, { steps: [deletion], parameters: [] });
      const log = {
        // Not by OUTPUT: that is refused where the customer has a trigger on either table.
        text: (
          condition: string,
        ) => `INSERT INTO ${named(systemTables.deleteLog)} ([EntityName], [RecordId], [SinkDeleteTime], [VersionNumber])
SELECT @entity, LOWER(CONVERT(nvarchar(36), t.[Id])), CONVERT(datetime, @deletedAt), COALESCE(t.[versionnumber], 0) FROM ${rows} WHERE ${condition}`,
        isCounted: false,
      };
      return isolateIds(session, given, {
        steps: [log, deletion],
        parameters: [sql.text('entity', table), sql.datetime2('deletedAt', deletedAt)],
      });
    },
    async stamp(table, given, undone, seenAt) {
      if (undone.length > 0) await stageIds(session, undone, '#undone');
      const isUndone = 'EXISTS (SELECT 1 FROM #undone AS u WHERE u.[Id] = t.[Id])';
      const version =
        undone.length > 0 ? `, [versionnumber] = CASE WHEN NOT ${isUndone} THEN t.[versionnumber] END` : '';
      const stamp = {
        text: (condition: string) => `UPDATE t SET [SinkModifiedOn] = CONVERT(datetime, @seenAt)${version}
FROM ${ofStagedIds(table)} WHERE ${condition}`,
        isCounted: true,
      };
      return isolateIds(session, given, { steps: [stamp], parameters: [sql.datetime2('seenAt', seenAt)] });
    },
    async unseenAmong(table, given, before) {
      if (given.length === 0 || before === undefined) return new Set();
      await stageIds(session, given);
      const found = await ids(
        `SELECT t.[Id] FROM ${ofStagedIds(table)}
     WHERE ${isUnseen('t', 'CONVERT(datetime, @before)')}`,
        [sql.datetime2('before', new Date(before))],
      );
      return new Set(found);
    },
    async unseen(table, before, { start, length, limit }) {
      const after = start === undefined ? '' : 'WHERE [Id] > @start';
      const stretch = `WITH stretch AS (
      SELECT TOP (@length) [Id], [SinkModifiedOn] FROM ${named(table)} ${after} ORDER BY [Id])`;
      const place = [sql.int('length', length), ...(start === undefined ? [] : [sql.uuid('start', start)])];
      const unseen = await ids(
        `${stretch} SELECT TOP (@limit) t.[Id] FROM stretch AS t WHERE ${isUnseen('t', 'CONVERT(datetime, @before)')} AND NOT EXISTS (
       SELECT 1 FROM ${named(systemTables.rejectedRow)} AS r
       WHERE r.[TableName] = @table AND r.[RecordId] = t.[Id] AND r.[NoticedAt] >= @before)
     ORDER BY t.[Id]`,
        [...place, sql.int('limit', limit), sql.text('table', table), sql.datetime2('before', before)],
      );
      if (unseen.length === limit) return { ids: unseen, end: unseen.at(-1) };
      const end = await session.query<{ count: number; last: string | null }>(
        `${stretch} SELECT COUNT(*) AS [count], (SELECT TOP (1) l.[Id] FROM stretch AS l ORDER BY l.[Id] DESC) AS [last] FROM stretch AS t`,
        place,
      );
      const { count = 0, last = null } = end.rows[0] ?? {};
      return { ids: unseen, end: count < length ? undefined : (last ?? undefined) };
    },
    async versions(table, given) {
      if (given.length === 0) return new Map();
      await stageIds(session, given);
      const { rows } = await session.query<{ Id: string; version: string }>(
        `SELECT t.[Id], CONVERT(nvarchar(20), COALESCE(t.[versionnumber], 0)) AS [version]
     FROM ${ofStagedIds(table)}`,
      );
      return new Map(rows.map(({ Id, version }) => [Id, version]));
    },
    idsAfter: (table, afterId, limit) =>
      ids(
        `SELECT TOP (@limit) [Id] FROM ${named(table)}${afterId === undefined ? '' : ' WHERE [Id] > @after'} ORDER BY [Id]`,
        [sql.int('limit', limit), ...(afterId === undefined ? [] : [sql.uuid('after', afterId)])],
      ),
    async count(table) {
      const { rows } = await session.query<{ rows: string }>(
        `SELECT COUNT_BIG(*) AS [rows] FROM ${named(table)}`,
      );
      return Number(rows[0]?.rows);
    },
    async isAny(table) {
      const name = named(table);
      if (!(await isThere(session, name))) return false;
      return (await session.query(`SELECT TOP (1) 1 AS [one] FROM ${name}`)).rows.length > 0;
    },
    async latestWrite(table) {
      const { rows } = await runLong<{ latest: Date | null }>(
        session,
        `SELECT CONVERT(datetime2(3), MAX([SinkModifiedOn])) AS [latest] FROM ${named(table)}`,
      );
      return rows[0]?.latest ?? undefined;
    },
  };
}
