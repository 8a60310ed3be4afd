import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { findingsOfTables, namesOf, type TableRules } from '../../schema/table-findings.ts';
import { compareExisting, conflictsWith } from './ddl.ts';
import { existingTables, spelledAs } from './existing-tables.ts';
import { type Namespace, prefixed } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import type { Session } from './session.ts';
import { systemColumnNames } from './system-tables.ts';

const rules: TableRules = {
  server: 'SQL Server',
  mostColumns: `${rowLimits.columns}`,
  limits: rowLimits,
  notOwned: 'the login lacks ALTER on it',
  conflictsWith,
  compare: compareExisting,
  systemColumnNames,
};

/** What the catalog says against making, altering and writing these tables; else how many of them are there. */
export async function testTables(
  session: Session,
  namespace: Namespace,
  tables: readonly DestinationTable[],
  login: string,
): Promise<Finding[]> {
  const existing = new Map(await existingTables(session, namespace, namesOf(tables)));
  for (const key of Object.keys(systemTables) as (keyof typeof systemTables)[]) {
    const found = existing.get(systemTables[key]);
    const { first, later } = systemColumnNames(key);
    if (found !== undefined)
      existing.set(systemTables[key], { ...found, columns: spelledAs(found.columns, [...first, ...later]) });
  }
  const shown = (name: string) => `table "${prefixed(namespace, name)}"`;
  return findingsOfTables(tables, { rules, login, existing, shown });
}
