import type { PoolClient } from 'pg';
import type { DestinationTable } from '../../model/table-schema.ts';
import { type Namespace, quoted, systemTables, tableName } from './identifiers.ts';

/** One table of one namespace, as the statements of a merge need it. */
export interface MergeTarget {
  readonly namespace: Namespace;
  readonly table: DestinationTable;
  readonly stage: string;
}

/**
 * Writes the staged rows with ordinals from `first` to `last`: an older version never overwrites a newer one. Returns how many
 * rows were inserted or updated.
 */
export async function upsertStaged(
  client: PoolClient,
  { namespace, table, stage }: MergeTarget,
  mode: 'newer' | 'reload',
  [first, last]: readonly [number, number],
  writtenAt: Date,
): Promise<number> {
  const columns = table.columns.map(({ name }) => quoted(name));
  const set = ['"SinkModifiedOn"', ...columns].map((name) => `${name} = excluded.${name}`);
  const written = await client.query(
    `INSERT INTO ${tableName(namespace, table.name)} AS stored ("Id", "SinkCreatedOn", "SinkModifiedOn", ${columns.join(', ')})
     SELECT "Id", $1::text::timestamp, $1::text::timestamp, ${columns.join(', ')} FROM ${stage} WHERE ordinal BETWEEN $2 AND $3
     ON CONFLICT ("Id") DO UPDATE SET ${set.join(', ')}
     WHERE stored."versionnumber" IS NULL OR excluded."versionnumber" IS NULL
       OR stored."versionnumber" ${mode === 'reload' ? '<=' : '<'} excluded."versionnumber"`,
    [writtenAt.toISOString(), first, last],
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

/** Marks rows as seen, so that a sweep keeps them. */
export async function stampRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  seenAt: Date,
): Promise<void> {
  await client.query(
    `UPDATE ${tableName(namespace, table)} SET "SinkModifiedOn" = $2::text::timestamp WHERE "Id" = ANY($1::uuid[])`,
    [ids, seenAt.toISOString()],
  );
}

/** Ids of rows that a reload has not seen and that no rejected row stands for. */
export async function unseenIds(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  before: Date,
  limit: number,
): Promise<readonly string[]> {
  const found = await client.query<{ Id: string }>(
    `SELECT t."Id" FROM ${tableName(namespace, table)} t
     WHERE (t."SinkModifiedOn" < $1::text::timestamp OR t."SinkModifiedOn" IS NULL) AND NOT EXISTS (
       SELECT 1 FROM ${tableName(namespace, systemTables.rejectedRow)} r
       WHERE r."TableName" = $2 AND r."RecordId" = t."Id")
     LIMIT $3`,
    [before.toISOString(), table, limit],
  );
  return found.rows.map(({ Id }) => Id);
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

/** The latest `SinkModifiedOn` of a table. */
export async function lastWrittenAt(
  client: Pick<PoolClient, 'query'>,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await client.query<{ milliseconds: string | null }>(
    `SELECT ceil(extract(epoch FROM max("SinkModifiedOn")) * 1000) AS milliseconds FROM ${tableName(namespace, table)}`,
  );
  const milliseconds = found.rows[0]?.milliseconds ?? null;
  return milliseconds === null ? undefined : new Date(Number(milliseconds));
}
