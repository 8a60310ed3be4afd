import type { PoolClient } from 'pg';
import type { DestinationTable } from '../../model/table-schema.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { runLong } from './connection.ts';
import { type Namespace, quoted, tableName } from './identifiers.ts';

/** How a page's rows are written, and when. */
export interface Writing {
  readonly mode: 'newer' | 'reload';
  readonly writtenAt: Date;
  /** In a reload, rows last written before this are overwritten whatever their version: the organization may have been restored. */
  readonly loadStartedAt: string | undefined;
}

/** One table of one namespace. */
export interface WriteTarget {
  readonly namespace: Namespace;
  readonly table: DestinationTable;
}

/** A table and the staging table of its rows. */
export interface MergeTarget extends WriteTarget {
  readonly stage: string;
}

/** Whether a row was last written before a time, or never by replication. */
const isUnseen = (row: string, before: string) =>
  `coalesce(${row}."SinkModifiedOn", '-infinity') < ${before}::text::timestamp`;

/**
 * Writes the staged rows with ordinals from `first` to `last`: an older version never overwrites a newer one, unless the newer
 * one is from before a reload. Returns how many rows were inserted or updated.
 */
export async function upsertStaged(
  client: PoolClient,
  { namespace, table, stage }: MergeTarget,
  { mode, writtenAt, loadStartedAt }: Writing,
  [first, last]: readonly [number, number],
): Promise<number> {
  const columns = table.columns.map(({ name }) => quoted(name));
  const set = ['"SinkModifiedOn"', ...columns].map((name) => `${name} = excluded.${name}`);
  const isOverwritten =
    mode === 'newer'
      ? 'stored."versionnumber" < excluded."versionnumber"'
      : `stored."versionnumber" <= excluded."versionnumber" OR ${isUnseen('stored', '$4')}`;
  const written = await client.query(
    `INSERT INTO ${tableName(namespace, table.name)} AS stored ("Id", "SinkCreatedOn", "SinkModifiedOn", ${columns.join(', ')})
     SELECT "Id", $1::text::timestamp, $1::text::timestamp, ${columns.join(', ')} FROM ${stage} WHERE ordinal BETWEEN $2 AND $3
     ON CONFLICT ("Id") DO UPDATE SET ${set.join(', ')}
     WHERE stored."versionnumber" IS NULL OR excluded."versionnumber" IS NULL
       OR ${isOverwritten}`,
    [writtenAt.toISOString(), first, last, ...(mode === 'reload' ? [loadStartedAt ?? null] : [])],
  );
  return written.rowCount ?? 0;
}

/** Forgets rejected versions that the staged rows replace, except of the rows that were refused again. */
export async function forgetReplaced(
  client: PoolClient,
  { namespace, table, stage }: MergeTarget,
  refusedIds: readonly string[],
): Promise<void> {
  await client.query(
    `DELETE FROM ${tableName(namespace, systemTables.rejectedRow)} r USING ${stage} s
     WHERE r."TableName" = $1 AND r."RecordId" = s."Id" AND r."Version" <= s."versionnumber"
       AND r."RecordId" <> ALL($2::uuid[])`,
    [table.name, refusedIds],
  );
}

/** Deletes rows by id, with a line each in the delete log if wanted. Returns how many there were. */
export async function deleteRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<number> {
  const deletion = `DELETE FROM ${tableName(namespace, table)} WHERE "Id" = ANY($1::uuid[])`;
  const gone =
    deletedAt === undefined
      ? await client.query(deletion, [ids])
      : await client.query(
          `WITH gone AS (${deletion} RETURNING "Id", "versionnumber")
           INSERT INTO ${tableName(namespace, systemTables.deleteLog)} ("EntityName", "RecordId", "SinkDeleteTime", "VersionNumber")
           SELECT $2, "Id", $3::text::timestamp, coalesce("versionnumber", 0) FROM gone`,
          [ids, table, deletedAt.toISOString()],
        );
  return gone.rowCount ?? 0;
}

/**
 * Marks rows as seen, so that a sweep keeps them. Rows in `undone` lose their version, which the organization has taken
 * back: whatever is read next is written.
 */
export async function stampRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  undone: readonly string[],
  seenAt: Date,
): Promise<number> {
  const stamped = await client.query(
    `UPDATE ${tableName(namespace, table)} SET "SinkModifiedOn" = $3::text::timestamp,
       "versionnumber" = CASE WHEN "Id" <> ALL($2::uuid[]) THEN "versionnumber" END
     WHERE "Id" = ANY($1::uuid[])`,
    [ids, undone, seenAt.toISOString()],
  );
  return stamped.rowCount ?? 0;
}

/** Those of the rows that were last written before a time. */
export async function unseenAmong(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  before: string | undefined,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0 || before === undefined) return new Set();
  const found = await client.query<{ Id: string }>(
    `SELECT "Id" FROM ${tableName(namespace, table)} t WHERE "Id" = ANY($1::uuid[]) AND ${isUnseen('t', '$2')}`,
    [ids, before],
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
 * Looks at rows after `start` for those that were last written before `before`, except rows refused since then. Looks
 * at no more than `length` rows and finds no more than `limit`.
 */
export async function unseenRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  before: Date,
  {
    start,
    length,
    limit,
  }: { readonly start: string | undefined; readonly length: number; readonly limit: number },
): Promise<Stretch> {
  const found = await client.query<{ ids: string[]; count: number; last: string | null }>(
    `WITH stretch AS MATERIALIZED (
       SELECT "Id", "SinkModifiedOn" FROM ${tableName(namespace, table)}
       ${start === undefined ? 'WHERE $5::uuid IS NULL' : 'WHERE "Id" > $5::uuid'} ORDER BY "Id" LIMIT $3
     ), unseen AS (
       SELECT "Id" FROM stretch t WHERE ${isUnseen('t', '$1')} AND NOT EXISTS (
         SELECT 1 FROM ${tableName(namespace, systemTables.rejectedRow)} r
         WHERE r."TableName" = $2 AND r."RecordId" = t."Id" AND r."NoticedAt" >= $1::text::timestamp)
       ORDER BY "Id" LIMIT $4
     )
     SELECT ARRAY(SELECT "Id" FROM unseen ORDER BY "Id") AS ids, (SELECT count(*)::int FROM stretch) AS count,
       (SELECT "Id" FROM stretch ORDER BY "Id" DESC LIMIT 1) AS last`,
    [before.toISOString(), table, length, limit, start ?? null],
  );
  const { ids = [], count = 0, last = null } = found.rows[0] ?? {};
  if (ids.length === limit) return { ids, end: ids.at(-1) };
  return { ids, end: count < length ? undefined : (last ?? undefined) };
}

/** Versions of the rows that exist, by id. */
export async function versionsById(
  client: Pick<PoolClient, 'query'>,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const found = await client.query<{ Id: string; version: string }>(
    `SELECT "Id", coalesce("versionnumber", 0)::text AS version FROM ${tableName(namespace, table)}
     WHERE "Id" = ANY($1::uuid[])`,
    [ids],
  );
  return new Map(found.rows.map(({ Id, version }) => [Id, version]));
}

/** Ids of the rows after one, in the order of the index. */
export async function idsAfter(
  client: Pick<PoolClient, 'query'>,
  namespace: Namespace,
  table: string,
  afterId: string | undefined,
  limit: number,
): Promise<readonly string[]> {
  const found = await client.query<{ Id: string }>(
    `SELECT "Id" FROM ${tableName(namespace, table)}
     ${afterId === undefined ? '' : 'WHERE "Id" > $2::uuid'} ORDER BY "Id" LIMIT $1`,
    [limit, ...(afterId === undefined ? [] : [afterId])],
  );
  return found.rows.map(({ Id }) => Id);
}

/** Within the time of a usual statement: a table that takes longer is not counted. */
export async function countRows(
  client: Pick<PoolClient, 'query'>,
  namespace: Namespace,
  table: string,
): Promise<number> {
  const found = await client.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${tableName(namespace, table)}`,
  );
  return Number(found.rows[0]?.rows);
}

/** The latest `SinkModifiedOn` of a table's rows. Reads the whole table. */
export async function latestWrite(
  client: PoolClient,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const latest = 'ceil(extract(epoch FROM max("SinkModifiedOn")) * 1000)';
  const found = await runLong<{ milliseconds: string | null }>(
    client,
    `SELECT ${latest} AS milliseconds FROM ${tableName(namespace, table)}`,
  );
  const milliseconds = found.rows[0]?.milliseconds ?? null;
  return milliseconds === null ? undefined : new Date(Number(milliseconds));
}
