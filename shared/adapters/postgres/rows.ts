import pg from 'pg';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { RowStatements } from '../sql/statements.ts';
import { runLong } from './connection.ts';
import { isThere } from './existing-tables.ts';
import { tableName } from './identifiers.ts';
import { isolateRefused } from './isolate-refused.ts';
import { isUnseen, pageOf, timeOf } from './page.ts';

const idsOf = (ids: readonly string[]) => `${pg.escapeLiteral(`{${ids.join()}}`)}::uuid[]`;

/** Rows of the reporting tables in PostgreSQL. */
export function rowStatements(client: pg.PoolClient, namespace: Namespace): RowStatements {
  const named = (table: string) => tableName(namespace, table);

  async function ids(text: string, values: readonly unknown[]): Promise<readonly string[]> {
    const { rows } = await client.query<{ Id: string }>(text, [...values]);
    return rows.map(({ Id }) => Id);
  }

  /** `statement` is for an array of ids. */
  const byIds = (given: readonly string[], statement: (some: string) => string) =>
    isolateRefused(client, given, { type: 'uuid', array: idsOf(given), statement });

  return {
    page: (table, rows) => pageOf(client, namespace, table, rows),
    delete: (table, given, deletedAt) => {
      const deletion = (some: string) => `DELETE FROM ${named(table)} WHERE "Id" = ANY(${some})`;
      if (deletedAt === undefined) return byIds(given, deletion);
      return byIds(
        given,
        (some) => `WITH gone AS (${deletion(some)} RETURNING "Id", "versionnumber")
         INSERT INTO ${named(systemTables.deleteLog)} ("EntityName", "RecordId", "SinkDeleteTime", "VersionNumber")
         SELECT ${pg.escapeLiteral(table)}, "Id", ${timeOf(deletedAt.toISOString())}, coalesce("versionnumber", 0) FROM gone`,
      );
    },
    stamp: (table, given, undone, seenAt) =>
      byIds(
        given,
        (some) => `UPDATE ${named(table)} SET "SinkModifiedOn" = ${timeOf(seenAt.toISOString())},
       "versionnumber" = CASE WHEN "Id" <> ALL(${idsOf(undone)}) THEN "versionnumber" END
     WHERE "Id" = ANY(${some})`,
      ),
    async unseenAmong(table, given, before) {
      if (given.length === 0 || before === undefined) return new Set();
      const found = await ids(
        `SELECT "Id" FROM ${named(table)} t WHERE "Id" = ANY($1::uuid[]) AND ${isUnseen('t', '$2::text::timestamp')}`,
        [given, before],
      );
      return new Set(found);
    },
    async unseen(table, before, { start, length, limit }) {
      const found = await client.query<{ ids: string[]; count: number; last: string | null }>(
        `WITH stretch AS MATERIALIZED (
       SELECT "Id", "SinkModifiedOn" FROM ${named(table)}
       ${start === undefined ? 'WHERE $5::uuid IS NULL' : 'WHERE "Id" > $5::uuid'} ORDER BY "Id" LIMIT $3
     ), unseen AS (
       SELECT "Id" FROM stretch t WHERE ${isUnseen('t', '$1::text::timestamp')} AND NOT EXISTS (
         SELECT 1 FROM ${named(systemTables.rejectedRow)} r
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
    },
    async versions(table, given) {
      if (given.length === 0) return new Map();
      const { rows } = await client.query<{ Id: string; version: string }>(
        `SELECT "Id", coalesce("versionnumber", 0)::text AS version FROM ${named(table)}
     WHERE "Id" = ANY($1::uuid[])`,
        [given],
      );
      return new Map(rows.map(({ Id, version }) => [Id, version]));
    },
    idsAfter: (table, afterId, limit) =>
      ids(
        `SELECT "Id" FROM ${named(table)}
     ${afterId === undefined ? '' : 'WHERE "Id" > $2::uuid'} ORDER BY "Id" LIMIT $1`,
        [limit, ...(afterId === undefined ? [] : [afterId])],
      ),
    async count(table) {
      const { rows } = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${named(table)}`);
      return Number(rows[0]?.rows);
    },
    async isAny(table) {
      const name = named(table);
      if (!(await isThere(client, name))) return false;
      return (await client.query(`SELECT 1 FROM ${name} LIMIT 1`)).rowCount !== 0;
    },
    async latestWrite(table) {
      const latest = 'ceil(extract(epoch FROM max("SinkModifiedOn")) * 1000)';
      const { rows } = await runLong<{ milliseconds: string | null }>(
        client,
        `SELECT ${latest} AS milliseconds FROM ${named(table)}`,
      );
      const milliseconds = rows[0]?.milliseconds ?? null;
      return milliseconds === null ? undefined : new Date(Number(milliseconds));
    },
  };
}
