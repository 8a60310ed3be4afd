import { destinationTypeOf } from '../platform/destination-address.ts';
import { reportingPostgres } from './reporting-postgres.ts';
import type { AccountRevenue } from './reporting-rows.ts';
import { reportingSqlServer } from './reporting-sqlserver.ts';

/** The database that reports are made from, as somebody who works with it sees it. */
export interface ReportingDatabase {
  countRows(table: string): Promise<number>;
  /** Rows that were written at this time or later. */
  countWrittenSince(table: string, since: Date): Promise<number>;
  /** Versions of the rows that are there, by id. */
  rowVersions(table: string, ids: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  revenues(ids: readonly string[]): Promise<ReadonlyMap<string, AccountRevenue>>;
  /** The statement by which new accounts must meet this condition; those of before need not. */
  ruleStatement(rule: string, condition: string): string;
  execute(statement: string): Promise<void>;
  close(): Promise<void>;
}

export function reportingDatabase(connectionString: string): ReportingDatabase {
  return destinationTypeOf(connectionString) === 'SqlAzure'
    ? reportingSqlServer(connectionString)
    : reportingPostgres(connectionString);
}

/** Takes a rule of `ruleStatement` away, in either database; there may be none. */
export const dropRuleStatement = (rule: string) =>
  `ALTER TABLE dbo.account DROP CONSTRAINT IF EXISTS ${rule}`;
