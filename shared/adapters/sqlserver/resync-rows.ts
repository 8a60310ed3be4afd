import type { Destination } from '../../ports/destination.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { lockCheckpoint, named, noteDone, restartCheckpoint } from './checkpoints.ts';
import { inTransaction, type SessionPool } from './connection.ts';
import { type Namespace, tableName } from './identifiers.ts';
import { stagedIds, stageIds } from './load-staging.ts';
import { forgetGivenUp } from './rejected-rows.ts';
import { type Session, sql } from './session.ts';

type Asked = Parameters<Destination['resync']>[1];

const tryAgain = '[Attempts] = 0, [NextAttemptAt] = @at, [IsResync] = 1, [GivenUpAt] = NULL';

/** The port's `resync`. */
export function resyncRows(pool: SessionPool, namespace: Namespace, table: string, asked: Asked) {
  return inTransaction(pool, `ask for rows of table "${table}" again`, async (session) => {
    const stored = await lockCheckpoint(session, namespace, table);
    if (stored?.profileId !== asked.profileId) return undefined;
    const { scope } = asked;
    if (scope.kind === 'rows') return resyncIds(session, namespace, table, scope.ids, asked.at);
    const count =
      scope.kind === 'failed'
        ? await resyncFailed(session, namespace, table, asked.at)
        : await forgetGivenUp(session, namespace, table);
    if (scope.kind === 'table') await restartCheckpoint(session, namespace, table, true, true);
    await noteDone(session, namespace, table, { failureCount: -stored.failureCount });
    return count;
  });
}

async function resyncFailed(
  session: Session,
  namespace: Namespace,
  table: string,
  at: Date,
): Promise<number> {
  const { rowCount } = await session.query(
    `UPDATE ${tableName(namespace, systemTables.rejectedRow)} SET ${tryAgain} WHERE [TableName] = @table AND [GivenUpAt] IS NOT NULL`,
    [named(table), sql.datetime2('at', at)],
  );
  return rowCount;
}

/** Rows that nothing is recorded of get a record that any version takes the place of. */
async function resyncIds(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  at: Date,
): Promise<number> {
  const name = tableName(namespace, systemTables.rejectedRow);
  const distinct = [...new Set(ids)];
  if (distinct.length === 0) return 0;
  await stageIds(session, distinct);
  const joined = `FROM ${name} AS r INNER JOIN ${stagedIds} AS s ON s.[Id] = r.[RecordId] WHERE r.[TableName] = @table`;
  const failures = await session.query<{ count: number }>(
    `SELECT COUNT(*) AS [count] ${joined} AND r.[GivenUpAt] IS NOT NULL`,
    [named(table)],
  );
  await session.query(
    `UPDATE r SET ${tryAgain} ${joined};
     INSERT INTO ${name} ([TableName], [RecordId], [Version], [ChangeType], [NoticedAt], [Attempts], [NextAttemptAt], [Code],
       [Reason], [IsResync])
     SELECT @table, s.[Id], 0, N'Update', @at, 0, @at, N'ROW_REFUSED', N'', 1 FROM ${stagedIds} AS s
     WHERE NOT EXISTS (SELECT 1 FROM ${name} AS r WHERE r.[TableName] = @table AND r.[RecordId] = s.[Id]);`,
    [named(table), sql.datetime2('at', at)],
  );
  await noteDone(session, namespace, table, { failureCount: -(failures.rows[0]?.count ?? 0) });
  return distinct.length;
}
