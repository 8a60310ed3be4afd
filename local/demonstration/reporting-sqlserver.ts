import { inTransaction, openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { type SqlParameter, sql } from '../../shared/adapters/sqlserver/session.ts';
import type { ReportingDatabase } from './reporting-database.ts';
import { revenuesById, versionsById } from './reporting-rows.ts';

/** Connects when it is first asked. */
export function reportingSqlServer(connectionString: string): ReportingDatabase {
  const pool = openPool(connectionString);
  const rowsOf = async <R>(text: string, parameters: readonly SqlParameter[] = []) =>
    (await inTransaction(pool, 'read the reports', (session) => session.query<R>(text, parameters))).rows;
  const count = async (table: string, where: string, parameters: readonly SqlParameter[]) =>
    Number(
      (await rowsOf<{ n: number }>(`SELECT count(*) AS n FROM dbo.[${table}] ${where}`, parameters))[0]?.n,
    );
  const ofIds = 'Id IN (SELECT CAST(value AS uniqueidentifier) FROM OPENJSON(@ids))';
  const idList = (ids: readonly string[]) => [sql.text('ids', JSON.stringify(ids))];
  return {
    countRows: (table) => count(table, '', []),
    countWrittenSince: (table, since) =>
      count(table, 'WHERE SinkModifiedOn >= @since', [sql.datetime2('since', since)]),
    async rowVersions(table, ids) {
      const rows = await rowsOf<{ id: string; version: string | null }>(
        `SELECT Id AS id, versionnumber AS version FROM dbo.[${table}] WHERE ${ofIds}`,
        idList(ids),
      );
      return versionsById(rows);
    },
    async revenues(ids) {
      const rows = await rowsOf<{ id: string; revenue: string | null; version: string | null }>(
        `SELECT Id AS id, CAST(revenue AS nvarchar(40)) AS revenue, versionnumber AS version FROM dbo.account WHERE ${ofIds}`,
        idList(ids),
      );
      return revenuesById(rows);
    },
    ruleStatement: (rule, condition) =>
      `ALTER TABLE dbo.account WITH NOCHECK ADD CONSTRAINT ${rule} CHECK (${condition})`,
    execute: async (statement) =>
      void (await inTransaction(pool, 'change the reporting database', (session) =>
        session.batch(statement),
      )),
    close: () => pool.close(),
  };
}
