import type { PoolClient } from 'pg';
import type { ErrorCode } from '../../error-codes.ts';
import type { ChangeType } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { RejectedRowStatements } from '../sql/statements.ts';
import { tableName } from './identifiers.ts';

interface StoredRejectedRow {
  readonly RecordId: string;
  readonly Version: string;
  readonly ChangeType: string;
  readonly NoticedAt: string;
  readonly Attempts: number;
  readonly NextAttemptAt: string;
  readonly Code: string;
  readonly Reason: string;
  readonly IsResync: boolean | null;
}

const iso = (column: string) => `to_char(r."${column}", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "${column}"`;
const members = `r."RecordId", r."Version", r."ChangeType", ${iso('NoticedAt')}, r."Attempts", ${iso('NextAttemptAt')},
  r."Code", r."Reason", r."IsResync"`;

function fromStored(table: string, row: StoredRejectedRow): RejectedRow {
  return {
    table,
    id: row.RecordId,
    version: row.Version,
    changeType: row.ChangeType as ChangeType,
    noticedAt: row.NoticedAt,
    attempts: row.Attempts,
    nextAttemptAt: row.NextAttemptAt,
    code: row.Code as ErrorCode,
    reason: row.Reason,
    isResync: row.IsResync === true,
  };
}

/** Members of a record that keep their values when the same version is refused again. */
const keptMembers = [
  'ChangeType',
  'Attempts',
  'NextAttemptAt',
  'Code',
  'Reason',
  'IsResync',
  'GivenUpAt',
].map(
  (name) =>
    `"${name}" = CASE WHEN r."Version" < excluded."Version" OR excluded."ChangeType" = 'Delete' AND r."ChangeType" <> 'Delete'
       THEN excluded."${name}" ELSE r."${name}" END`,
);

/** Of rows that were not given up. The index of the table has these alone. */
const isTried = 'r."GivenUpAt" IS NULL';

const tryAgain = `"Attempts" = 0, "NextAttemptAt" = $2::text::timestamp, "IsResync" = true, "GivenUpAt" = NULL`;

/** Rejected rows in PostgreSQL. */
export function rejectedRowStatements(client: PoolClient, namespace: Namespace): RejectedRowStatements {
  const name = tableName(namespace, systemTables.rejectedRow);

  async function found(text: string, values: readonly [table: string, ...unknown[]]) {
    const { rows } = await client.query<StoredRejectedRow>(text, [...values]);
    return rows.map((row) => fromStored(values[0], row));
  }

  async function changed(text: string, values: readonly unknown[]): Promise<number> {
    return (await client.query(text, [...values])).rowCount ?? 0;
  }

  return {
    async record(table, rows) {
      await client.query(
        `INSERT INTO ${name} AS r ("TableName", "RecordId", "Version", "ChangeType", "NoticedAt", "Attempts",
       "NextAttemptAt", "Code", "Reason", "IsResync")
     SELECT $1, * FROM json_to_recordset($2) AS given(id uuid, version numeric, "changeType" text, "noticedAt" timestamp,
       attempts integer, "nextAttemptAt" timestamp, code text, reason text, "isResync" boolean)
     ON CONFLICT ("TableName", "RecordId") DO UPDATE SET "Version" = greatest(r."Version", excluded."Version"),
       "NoticedAt" = greatest(r."NoticedAt", excluded."NoticedAt"), ${keptMembers.join(', ')}`,
        [table, JSON.stringify(rows)],
      );
    },
    byId: (table, ids) =>
      found(
        `SELECT ${members} FROM ${name} r WHERE r."TableName" = $1 AND r."RecordId" = ANY($2::uuid[])
     ORDER BY r."RecordId" FOR UPDATE`,
        [table, ids],
      ),
    due: (table, now, limit) =>
      found(
        `SELECT ${members} FROM ${name} r WHERE r."TableName" = $1 AND ${isTried} AND r."NextAttemptAt" <= $2::text::timestamp
     ORDER BY r."NextAttemptAt", r."RecordId" LIMIT $3`,
        [table, now.toISOString(), limit],
      ),
    async nextAttemptAt(table) {
      const { rows } = await client.query<{ milliseconds: string | null }>(
        `SELECT extract(epoch FROM min(r."NextAttemptAt")) * 1000 AS milliseconds FROM ${name} r
     WHERE r."TableName" = $1 AND ${isTried}`,
        [table],
      );
      const milliseconds = rows[0]?.milliseconds ?? null;
      return milliseconds === null ? undefined : new Date(Number(milliseconds));
    },
    async among(table, ids) {
      const { rows } = await client.query<{ RecordId: string }>(
        `SELECT "RecordId" FROM ${name} WHERE "TableName" = $1 AND "RecordId" = ANY($2::uuid[])`,
        [table, ids],
      );
      return new Set(rows.map(({ RecordId }) => RecordId));
    },
    async forget(table, ids) {
      if (ids.length === 0) return;
      await client.query(`DELETE FROM ${name} WHERE "TableName" = $1 AND "RecordId" = ANY($2::uuid[])`, [
        table,
        ids,
      ]);
    },
    async forgetAll(table) {
      await client.query(`DELETE FROM ${name} WHERE "TableName" = $1`, [table]);
    },
    forgetGivenUp: (table) =>
      changed(`DELETE FROM ${name} WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL`, [table]),
    async update(table, rows) {
      if (rows.length === 0) return;
      await client.query(
        `UPDATE ${name} r SET "Version" = g.version, "Attempts" = g.attempts, "NextAttemptAt" = g."nextAttemptAt",
       "Code" = g.code, "Reason" = g.reason, "ChangeType" = g."changeType"
     FROM json_to_recordset($2) AS g(id uuid, version numeric, "changeType" text, attempts integer,
       "nextAttemptAt" timestamp, code text, reason text)
     WHERE r."TableName" = $1 AND r."RecordId" = g.id`,
        [table, JSON.stringify(rows)],
      );
    },
    giveUp: (table, rows, at) =>
      changed(
        `UPDATE ${name} r SET "GivenUpAt" = $3::text::timestamp
     FROM json_to_recordset($2) AS given(id uuid, version numeric, attempts integer)
     WHERE r."TableName" = $1 AND ${isTried} AND r."RecordId" = given.id AND r."Version" = given.version
       AND r."Attempts" = given.attempts`,
        [table, JSON.stringify(rows), at.toISOString()],
      ),
    resyncGivenUp: (table, at) =>
      changed(
        `UPDATE ${name} SET ${tryAgain}
     WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL`,
        [table, at.toISOString()],
      ),
    async resync(table, ids, at) {
      const givenUp = await client.query(
        `SELECT 1 FROM ${name} WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL AND "RecordId" = ANY($2::uuid[])`,
        [table, ids],
      );
      const count = await changed(
        `INSERT INTO ${name} ("TableName", "RecordId", "Version", "ChangeType", "NoticedAt", "Attempts", "NextAttemptAt", "Code",
       "Reason", "IsResync")
     SELECT $1, id, 0, 'Update', $2::text::timestamp, 0, $2::text::timestamp, 'ROW_REFUSED', '', true FROM unnest($3::uuid[]) AS id
     ON CONFLICT ("TableName", "RecordId") DO UPDATE SET ${tryAgain}`,
        [table, at.toISOString(), [...new Set(ids)]],
      );
      return { count, givenUpCount: givenUp.rowCount ?? 0 };
    },
  };
}
