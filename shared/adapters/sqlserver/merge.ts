import { systemTables } from '../../schema/system-tables.ts';
import { runLong } from './connection.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { isolateRefused, type Outcome, type StagedWork, stagedAttempt } from './isolate-refused.ts';
import { stagedIds, stageIds } from './load-staging.ts';
import { type Session, sql } from './session.ts';

/** `datetime` holds nothing before: a row that was never written by replication counts as written then. */
const never = "CONVERT(datetime, '17530101', 112)";

/** Whether a row was last written before a time (of type `datetime`, as rounded as the stored one), or never by replication. */
export const isUnseen = (row: string, before: string) =>
  `COALESCE(${row}.[SinkModifiedOn], ${never}) < ${before}`;

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
  return { count, refused: refused.map(({ item, error }) => ({ item: item.id, error })) };
}

/** Deletes rows by id but those whose delete is refused, with a line each in the delete log if wanted. */
export function deleteRows(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<Outcome<string>> {
  const rows = `${tableName(namespace, table)} AS t INNER JOIN ${stagedIds} AS s ON s.[Id] = t.[Id]`;
  const log = {
    // Not by OUTPUT: that is refused where the customer has a trigger on either table.
    text: (
      condition: string,
    ) => `INSERT INTO ${tableName(namespace, systemTables.deleteLog)} ([EntityName], [RecordId], [SinkDeleteTime], [VersionNumber])
SELECT @entity, LOWER(CONVERT(nvarchar(36), t.[Id])), CONVERT(datetime, @deletedAt), COALESCE(t.[versionnumber], 0) FROM ${rows} WHERE ${condition}`,
    isCounted: false,
  };
  const deletion = {
    text: (condition: string) => `DELETE t FROM ${rows} WHERE ${condition}`,
    isCounted: true,
  };
  if (deletedAt === undefined) return isolateIds(session, ids, { steps: [deletion], parameters: [] });
  return isolateIds(session, ids, {
    steps: [log, deletion],
    parameters: [sql.text('entity', table), sql.datetime2('deletedAt', deletedAt)],
  });
}

/**
 * Marks rows as seen, so that a sweep keeps them, but those that are refused. Those in `undone` lose their version, which the
 * organization has taken back: whatever is read next is written.
 */
export async function stampRows(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  undone: readonly string[],
  seenAt: Date,
): Promise<Outcome<string>> {
  if (undone.length > 0) await stageIds(session, undone, '#undone');
  const isUndone = 'EXISTS (SELECT 1 FROM #undone AS u WHERE u.[Id] = t.[Id])';
  const version =
    undone.length > 0 ? `, [versionnumber] = CASE WHEN NOT ${isUndone} THEN t.[versionnumber] END` : '';
  const stamp = {
    text: (condition: string) => `UPDATE t SET [SinkModifiedOn] = CONVERT(datetime, @seenAt)${version}
FROM ${tableName(namespace, table)} AS t INNER JOIN ${stagedIds} AS s ON s.[Id] = t.[Id] WHERE ${condition}`,
    isCounted: true,
  };
  return isolateIds(session, ids, { steps: [stamp], parameters: [sql.datetime2('seenAt', seenAt)] });
}

/** Those of the rows that were last written before a time. */
export async function unseenAmong(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  before: string | undefined,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0 || before === undefined) return new Set();
  await stageIds(session, ids);
  const found = await session.query<{ Id: string }>(
    `SELECT t.[Id] FROM ${tableName(namespace, table)} AS t INNER JOIN ${stagedIds} AS s ON s.[Id] = t.[Id]
     WHERE ${isUnseen('t', 'CONVERT(datetime, @before)')}`,
    [sql.datetime2('before', new Date(before))],
  );
  return new Set(found.rows.map(({ Id }) => Id));
}

/** A stretch of a table in the order of its ids: those of its rows that a reload has not seen, and where it ends. */
export interface Stretch {
  readonly ids: readonly string[];
  /** The last row looked at; undefined when the table ends here. */
  readonly end: string | undefined;
}

/**
 * Looks at rows after `start`, in the server's own order of ids, for those that were last written before `before`, except rows
 * refused since then. Looks at no more than `length` rows and finds no more than `limit`.
 */
export async function unseenRows(
  session: Session,
  namespace: Namespace,
  table: string,
  before: Date,
  {
    start,
    length,
    limit,
  }: { readonly start: string | undefined; readonly length: number; readonly limit: number },
): Promise<Stretch> {
  const after = start === undefined ? '' : 'WHERE [Id] > @start';
  const stretch = `WITH stretch AS (
      SELECT TOP (@length) [Id], [SinkModifiedOn] FROM ${tableName(namespace, table)} ${after} ORDER BY [Id])`;
  const place = [sql.int('length', length), ...(start === undefined ? [] : [sql.uuid('start', start)])];
  const unseen = await session.query<{ Id: string }>(
    `${stretch} SELECT TOP (@limit) t.[Id] FROM stretch AS t WHERE ${isUnseen('t', 'CONVERT(datetime, @before)')} AND NOT EXISTS (
       SELECT 1 FROM ${tableName(namespace, systemTables.rejectedRow)} AS r
       WHERE r.[TableName] = @table AND r.[RecordId] = t.[Id] AND r.[NoticedAt] >= @before)
     ORDER BY t.[Id]`,
    [...place, sql.int('limit', limit), sql.text('table', table), sql.datetime2('before', before)],
  );
  const ids = unseen.rows.map(({ Id }) => Id);
  if (ids.length === limit) return { ids, end: ids.at(-1) };
  const end = await session.query<{ count: number; last: string | null }>(
    `${stretch} SELECT COUNT(*) AS [count], (SELECT TOP (1) l.[Id] FROM stretch AS l ORDER BY l.[Id] DESC) AS [last] FROM stretch AS t`,
    place,
  );
  const { count = 0, last = null } = end.rows[0] ?? {};
  return { ids, end: count < length ? undefined : (last ?? undefined) };
}

/** Versions of the rows that exist, by id. */
export async function versionsById(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  await stageIds(session, ids);
  const found = await session.query<{ Id: string; version: string }>(
    `SELECT t.[Id], CONVERT(nvarchar(20), COALESCE(t.[versionnumber], 0)) AS [version]
     FROM ${tableName(namespace, table)} AS t INNER JOIN ${stagedIds} AS s ON s.[Id] = t.[Id]`,
  );
  return new Map(found.rows.map(({ Id, version }) => [Id, version]));
}

/** The ids of at most `limit` rows after one, in the server's own order of ids. */
export async function idsAfter(
  session: Session,
  namespace: Namespace,
  table: string,
  afterId: string | undefined,
  limit: number,
): Promise<readonly string[]> {
  const found = await session.query<{ Id: string }>(
    `SELECT TOP (@limit) [Id] FROM ${tableName(namespace, table)}${afterId === undefined ? '' : ' WHERE [Id] > @after'} ORDER BY [Id]`,
    [sql.int('limit', limit), ...(afterId === undefined ? [] : [sql.uuid('after', afterId)])],
  );
  return found.rows.map(({ Id }) => Id);
}

/** Within the time of a usual statement: a table that takes longer is not counted. */
export async function countRows(session: Session, namespace: Namespace, table: string): Promise<number> {
  const found = await session.query<{ rows: string }>(
    `SELECT COUNT_BIG(*) AS [rows] FROM ${tableName(namespace, table)}`,
  );
  return Number(found.rows[0]?.rows);
}

/** The latest `SinkModifiedOn` of a table's rows. Reads the whole table. */
export async function latestWrite(
  session: Session,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await runLong<{ latest: Date | null }>(
    session,
    `SELECT CONVERT(datetime2(3), MAX([SinkModifiedOn])) AS [latest] FROM ${tableName(namespace, table)}`,
  );
  return found.rows[0]?.latest ?? undefined;
}
