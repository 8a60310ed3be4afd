import { Pool } from 'pg';
import type { ReportingDatabase } from './reporting-database.ts';
import { revenuesById, versionsById } from './reporting-rows.ts';

/** Connects when it is first asked. */
export function reportingPostgres(connectionString: string): ReportingDatabase {
  const pool = new Pool({ connectionString, max: 3, options: '-c TimeZone=UTC' });
  // A server that is killed breaks idle connections off; the next query tells it where somebody listens.
  pool.on('error', () => {});
  const count = async (table: string, where: string, values: unknown[]) => {
    const { rows } = await pool.query(`SELECT count(*) AS n FROM dbo."${table}" ${where}`, values);
    return Number(rows[0]?.n);
  };
  return {
    countRows: (table) => count(table, '', []),
    countWrittenSince: (table, since) =>
      count(table, 'WHERE "SinkModifiedOn" >= $1::timestamp', [since.toISOString().slice(0, -1)]),
    async rowVersions(table, ids) {
      const { rows } = await pool.query(
        `SELECT "Id"::text AS id, versionnumber::text AS version FROM dbo."${table}" WHERE "Id" = ANY($1::uuid[])`,
        [ids],
      );
      return versionsById(rows);
    },
    async revenues(ids) {
      const { rows } = await pool.query(
        'SELECT "Id"::text AS id, revenue::text AS revenue, versionnumber::text AS version FROM dbo.account WHERE "Id" = ANY($1::uuid[])',
        [ids],
      );
      return revenuesById(rows);
    },
    ruleStatement: (rule, condition) =>
      `ALTER TABLE dbo.account ADD CONSTRAINT ${rule} CHECK (${condition}) NOT VALID`,
    execute: async (statement) => void (await pool.query(statement)),
    close: () => pool.end(),
  };
}
