import type { Pool, PoolClient } from 'pg';
import type { Destination } from '../../ports/destination.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { lockCheckpoint, noteDone, restartCheckpoint } from './checkpoints.ts';
import { inTransaction } from './connection.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { forgetGivenUp } from './rejected-rows.ts';

type Asked = Parameters<Destination['resync']>[1];

const tryAgain = `"Attempts" = 0, "NextAttemptAt" = $2::text::timestamp, "IsResync" = true, "GivenUpAt" = NULL`;

/** The port's `resync`. */
export function resyncRows(pool: Pool, namespace: Namespace, table: string, asked: Asked) {
  return inTransaction(pool, `ask for rows of table "${table}" again`, async (client) => {
    const stored = await lockCheckpoint(client, namespace, table);
    if (stored?.profileId !== asked.profileId) return undefined;
    const { scope } = asked;
    if (scope.kind === 'rows') return resyncIds(client, namespace, table, scope.ids, asked.at);
    const count =
      scope.kind === 'failed'
        ? await resyncFailed(client, namespace, table, asked.at)
        : await forgetGivenUp(client, namespace, table);
    if (scope.kind === 'table') await restartCheckpoint(client, namespace, table, true, true);
    await noteDone(client, namespace, table, { failureCount: -stored.failureCount });
    return count;
  });
}

async function resyncFailed(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  at: Date,
): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE ${tableName(namespace, systemTables.rejectedRow)} SET ${tryAgain}
     WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL`,
    [table, at.toISOString()],
  );
  return rowCount ?? 0;
}

/** Rows that nothing is recorded of get a record that any version takes the place of. */
async function resyncIds(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  at: Date,
): Promise<number> {
  const name = tableName(namespace, systemTables.rejectedRow);
  const given = [table, at.toISOString(), [...new Set(ids)]];
  const failures = await client.query(
    `SELECT 1 FROM ${name} WHERE "TableName" = $1 AND "GivenUpAt" IS NOT NULL AND "RecordId" = ANY($2::uuid[])`,
    [table, ids],
  );
  const { rowCount } = await client.query(
    `INSERT INTO ${name} ("TableName", "RecordId", "Version", "ChangeType", "NoticedAt", "Attempts", "NextAttemptAt", "Code",
       "Reason", "IsResync")
     SELECT $1, id, 0, 'Update', $2::text::timestamp, 0, $2::text::timestamp, 'ROW_REFUSED', '', true FROM unnest($3::uuid[]) AS id
     ON CONFLICT ("TableName", "RecordId") DO UPDATE SET ${tryAgain}`,
    given,
  );
  await noteDone(client, namespace, table, { failureCount: -(failures.rowCount ?? 0) });
  return rowCount ?? 0;
}
