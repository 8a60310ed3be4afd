import type { Finding } from '../../model/finding.ts';
import type { ComparedTable } from '../../model/table-difference.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { comparedTables, findingsOfTables, namesOf } from '../../schema/table-findings.ts';
import { type Namespace, prefixed } from './namespace.ts';
import type { TableStatements } from './statements.ts';

/** What the catalog says against making, altering and writing these tables; else how many of them are there. */
export async function testTables(
  { existing, rules }: TableStatements,
  namespace: Namespace,
  tables: readonly DestinationTable[],
  login: string,
): Promise<Finding[]> {
  const shown = (name: string) => `table "${prefixed(namespace, name)}"`;
  return findingsOfTables(tables, { rules, login, existing: await existing(namesOf(tables)), shown });
}

/** The port's `compare`. */
export async function compareTables(
  { existing, rules }: TableStatements,
  tables: readonly DestinationTable[],
): Promise<readonly ComparedTable[]> {
  return comparedTables(tables, await existing(namesOf(tables)), rules);
}
