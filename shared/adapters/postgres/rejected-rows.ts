import type { ClientBase, PoolClient } from 'pg';
import type { ErrorCode } from '../../error-codes.ts';
import type { ChangeType } from '../../model/change.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { type Namespace, tableName } from './identifiers.ts';

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

const nameOf = (namespace: Namespace) => tableName(namespace, systemTables.rejectedRow);

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

/**
 * Records rejected rows and returns them as they are recorded. A record of the same version keeps its attempts and its
 * turn: a row that comes again must not be retried for ever. A refused delete takes the place of any record.
 */
export async function recordRejectedRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
): Promise<readonly RejectedRow[]> {
  if (rows.length === 0) return [];
  await client.query(
    `INSERT INTO ${nameOf(namespace)} AS r ("TableName", "RecordId", "Version", "ChangeType", "NoticedAt", "Attempts",
       "NextAttemptAt", "Code", "Reason", "IsResync")
     SELECT $1, * FROM json_to_recordset($2) AS given(id uuid, version numeric, "changeType" text, "noticedAt" timestamp,
       attempts integer, "nextAttemptAt" timestamp, code text, reason text, "isResync" boolean)
     ON CONFLICT ("TableName", "RecordId") DO UPDATE SET "Version" = greatest(r."Version", excluded."Version"),
       "NoticedAt" = greatest(r."NoticedAt", excluded."NoticedAt"), ${keptMembers.join(', ')}`,
    [table, JSON.stringify(rows)],
  );
  return rejectedRowsById(
    client,
    namespace,
    table,
    rows.map(({ id }) => id),
  );
}

/** Records by id, locked until the end of the transaction. */
export async function rejectedRowsById(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<readonly RejectedRow[]> {
  const found = await client.query<StoredRejectedRow>(
    `SELECT ${members} FROM ${nameOf(namespace)} r WHERE r."TableName" = $1 AND r."RecordId" = ANY($2::uuid[])
     ORDER BY r."RecordId" FOR UPDATE`,
    [table, ids],
  );
  return found.rows.map((row) => fromStored(table, row));
}

/** Of rows that were not given up. The index of the table has these alone. */
const isTried = 'r."GivenUpAt" IS NULL';

/** Rejected rows whose next attempt is due, oldest first. */
export async function dueRejectedRows(
  client: ClientBase,
  namespace: Namespace,
  table: string,
  now: Date,
  limit: number,
): Promise<readonly RejectedRow[]> {
  const found = await client.query<StoredRejectedRow>(
    `SELECT ${members} FROM ${nameOf(namespace)} r WHERE r."TableName" = $1 AND ${isTried} AND r."NextAttemptAt" <= $2::text::timestamp
     ORDER BY r."NextAttemptAt", r."RecordId" LIMIT $3`,
    [table, now.toISOString(), limit],
  );
  return found.rows.map((row) => fromStored(table, row));
}

/** When the next rejected row is due. */
export async function nextAttemptAt(
  client: ClientBase,
  namespace: Namespace,
  table: string,
): Promise<Date | undefined> {
  const found = await client.query<{ milliseconds: string | null }>(
    `SELECT extract(epoch FROM min(r."NextAttemptAt")) * 1000 AS milliseconds FROM ${nameOf(namespace)} r
     WHERE r."TableName" = $1 AND ${isTried}`,
    [table],
  );
  const milliseconds = found.rows[0]?.milliseconds ?? null;
  return milliseconds === null ? undefined : new Date(Number(milliseconds));
}

/** Those of the ids that have a record. */
export async function rejectedAmong(
  client: ClientBase,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = await client.query<{ RecordId: string }>(
    `SELECT "RecordId" FROM ${nameOf(namespace)} WHERE "TableName" = $1 AND "RecordId" = ANY($2::uuid[])`,
    [table, ids],
  );
  return new Set(found.rows.map(({ RecordId }) => RecordId));
}

/** Forgets records by id. */
export async function forgetRejectedRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await client.query(
    `DELETE FROM ${nameOf(namespace)} WHERE "TableName" = $1 AND "RecordId" = ANY($2::uuid[])`,
    [table, ids],
  );
}

/** Forgets all records of a table, whose load begins anew. */
export async function forgetAllRejectedRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
): Promise<void> {
  await client.query(`DELETE FROM ${nameOf(namespace)} WHERE "TableName" = $1`, [table]);
}

/** Writes what another failed attempt has changed: attempts, next attempt, version, code and reason. */
export async function updateRejectedRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `UPDATE ${nameOf(namespace)} r SET "Version" = g.version, "Attempts" = g.attempts, "NextAttemptAt" = g."nextAttemptAt",
       "Code" = g.code, "Reason" = g.reason, "ChangeType" = g."changeType"
     FROM json_to_recordset($2) AS g(id uuid, version numeric, "changeType" text, attempts integer,
       "nextAttemptAt" timestamp, code text, reason text)
     WHERE r."TableName" = $1 AND r."RecordId" = g.id`,
    [table, JSON.stringify(rows)],
  );
}

/** Gives up those that are still as given, and returns how many there were. */
export async function giveUpRejectedRows(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  rows: readonly RejectedRow[],
  at: Date,
): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE ${nameOf(namespace)} r SET "GivenUpAt" = $3::text::timestamp
     FROM json_to_recordset($2) AS given(id uuid, version numeric, attempts integer)
     WHERE r."TableName" = $1 AND ${isTried} AND r."RecordId" = given.id AND r."Version" = given.version
       AND r."Attempts" = given.attempts`,
    [table, JSON.stringify(rows), at.toISOString()],
  );
  return rowCount ?? 0;
}

/** Forgets the rows that were given up; how many. */
export async function forgetGivenUp(
  client: PoolClient,
  namespace: Namespace,
  table: string,
): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM ${nameOf(namespace)} WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL`,
    [table],
  );
  return rowCount ?? 0;
}
