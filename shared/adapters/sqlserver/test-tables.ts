import type { Finding } from '../../model/finding.ts';
import type { ComparedTable } from '../../model/table-difference.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { comparedTables, findingsOfTables, namesOf, type TableRules } from '../../schema/table-findings.ts';
import { serverNames } from './ddl.ts';
import { existingTables } from './existing-tables.ts';
import { type Namespace, prefixed } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import type { Session } from './session.ts';
import { systemColumnNames } from './system-tables.ts';

const rulesOf = (namespace: Namespace): TableRules => ({
  server: 'SQL Server',
  mostColumns: `${rowLimits.columns}`,
  limits: rowLimits,
  notOwned: 'the login lacks ALTER on it',
  names: serverNames(namespace),
  systemColumnNames,
});

/** What the catalog says against making, altering and writing these tables; else how many of them are there. */
export async function testTables(
  session: Session,
  namespace: Namespace,
  tables: readonly DestinationTable[],
  login: string,
): Promise<Finding[]> {
  const existing = await existingTables(session, namespace, namesOf(tables));
  const shown = (name: string) => `table "${prefixed(namespace, name)}"`;
  return findingsOfTables(tables, { rules: rulesOf(namespace), login, existing, shown });
}

/** The port's `compare`. */
export async function compareTables(
  session: Session,
  namespace: Namespace,
  tables: readonly DestinationTable[],
): Promise<readonly ComparedTable[]> {
  const existing = await existingTables(session, namespace, namesOf(tables));
  return comparedTables(tables, existing, rulesOf(namespace));
}
