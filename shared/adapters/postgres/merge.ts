import pg from 'pg';
import type { DestinationTable } from '../../model/table-schema.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { runLong } from './connection.ts';
import { type Namespace, quoted, tableName } from './identifiers.ts';
import { type Isolation, isolateRefused } from './isolate-refused.ts';

/** How a page's rows are written, and when. */
export interface Writing {
  readonly mode: 'newer' | 'reload' | 'refill';
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

/** SQL of a time. */
const timeOf = (time: string) => `${pg.escapeLiteral(time)}::timestamp`;

/** Whether a row was last written before a time, or never by replication. */
const isUnseen = (row: string, before: string) =>
  `coalesce(${row}."SinkModifiedOn", '-infinity') < ${before}`;

/**
 * Writes staged rows: an older version never overwrites a newer one, unless the newer one is from before a reload. `which`
 * is SQL that chooses among the staged rows. What it changes are rows that were inserted or updated.
 */
function upsertStaged(
  { namespace, table, stage }: MergeTarget,
  { mode, writtenAt, loadStartedAt }: Writing,
  which: string,
): string {
  const columns = table.columns.map(({ name }) => quoted(name));
  const set = ['"SinkModifiedOn"', ...columns].map((name) => `${name} = excluded.${name}`);
  const at = timeOf(writtenAt.toISOString());
  const isUndone = loadStartedAt === undefined ? 'false' : isUnseen('stored', timeOf(loadStartedAt));
  const isOverwritten =
    mode === 'newer'
      ? 'stored."versionnumber" < excluded."versionnumber"'
      : `stored."versionnumber" <= excluded."versionnumber" OR ${isUndone}`;
  return `INSERT INTO ${tableName(namespace, table.name)} AS stored ("Id", "SinkCreatedOn", "SinkModifiedOn", ${columns.join(', ')})
     SELECT "Id", ${at}, ${at}, ${columns.join(', ')} FROM ${stage} WHERE ${which}
     ON CONFLICT ("Id") DO UPDATE SET ${set.join(', ')}
     WHERE stored."versionnumber" IS NULL OR excluded."versionnumber" IS NULL
       OR ${isOverwritten}`;
}

/** Writes all rows of the stage, of which these are in their order. */
export function mergeStaged<T extends object>(
  client: pg.PoolClient,
  target: MergeTarget,
  writing: Writing,
  rows: readonly T[],
) {
  const isolation: Isolation = {
    type: 'tid',
    array: `ARRAY(SELECT ctid FROM ${target.stage} ORDER BY ordinal)`,
    statement: (some) => upsertStaged(target, writing, `ctid = ANY(${some})`),
  };
  return isolateRefused(client, rows, isolation, upsertStaged(target, writing, 'true'));
}

/** Forgets rejected versions that the staged rows replace, except of the rows that were refused again. */
export async function forgetReplaced(
  client: pg.PoolClient,
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

const idsOf = (ids: readonly string[]) => `${pg.escapeLiteral(`{${ids.join()}}`)}::uuid[]`;

/** Deletes rows by id, with a line each in the delete log if wanted. `count` is how many there were. */
export function deleteRows(
  client: pg.PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
) {
  const deletion = (some: string) => `DELETE FROM ${tableName(namespace, table)} WHERE "Id" = ANY(${some})`;
  const statement = (some: string) =>
    deletedAt === undefined
      ? deletion(some)
      : `WITH gone AS (${deletion(some)} RETURNING "Id", "versionnumber")
         INSERT INTO ${tableName(namespace, systemTables.deleteLog)} ("EntityName", "RecordId", "SinkDeleteTime", "VersionNumber")
         SELECT ${pg.escapeLiteral(table)}, "Id", ${timeOf(deletedAt.toISOString())}, coalesce("versionnumber", 0) FROM gone`;
  return isolateRefused(client, ids, { type: 'uuid', array: idsOf(ids), statement });
}

/**
 * Marks rows as seen, so that a sweep keeps them. Rows in `undone` lose their version, which the organization has taken
 * back: whatever is read next is written.
 */
export function stampRows(
  client: pg.PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  undone: readonly string[],
  seenAt: Date,
) {
  const statement = (some: string) =>
    `UPDATE ${tableName(namespace, table)} SET "SinkModifiedOn" = ${timeOf(seenAt.toISOString())},
       "versionnumber" = CASE WHEN "Id" <> ALL(${idsOf(undone)}) THEN "versionnumber" END
     WHERE "Id" = ANY(${some})`;
  return isolateRefused(client, ids, { type: 'uuid', array: idsOf(ids), statement });
}

/** Those of the rows that were last written before a time. */
export async function unseenAmong(
  client: pg.PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  before: string | undefined,
): Promise<ReadonlySet<string>> {
  if (ids.length === 0 || before === undefined) return new Set();
  const found = await client.query<{ Id: string }>(
    `SELECT "Id" FROM ${tableName(namespace, table)} t WHERE "Id" = ANY($1::uuid[]) AND ${isUnseen('t', '$2::text::timestamp')}`,
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
  client: pg.PoolClient,
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
       SELECT "Id" FROM stretch t WHERE ${isUnseen('t', '$1::text::timestamp')} AND NOT EXISTS (
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
  client: Pick<pg.PoolClient, 'query'>,
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
  client: Pick<pg.PoolClient, 'query'>,
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
  client: Pick<pg.PoolClient, 'query'>,
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
  client: pg.PoolClient,
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
