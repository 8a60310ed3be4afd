import type { ClientBase } from 'pg';
import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { compareTable } from '../../schema/compare-table.ts';
import { findingsOfTables, namesOf, type TableRules } from '../../schema/table-findings.ts';
import { conflictsWith } from './ddl.ts';
import { existingTables } from './existing-tables.ts';
import { type Namespace, prefixed, shortened } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import { systemColumnNames } from './system-tables.ts';

const rules: TableRules = {
  server: 'PostgreSQL',
  mostColumns: `${rowLimits.columns}, dropped ones included`,
  limits: rowLimits,
  notOwned: 'the login does not own it',
  conflictsWith,
  compare: ({ columns }, table) => compareTable(columns, table),
  systemColumnNames,
};

/** PostgreSQL tells names apart by case, and people and other databases do not. */
async function findingsOfCase(
  client: ClientBase,
  namespace: Namespace,
  names: readonly string[],
): Promise<Finding[]> {
  const stored = names.map((name) => shortened(prefixed(namespace, name)));
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND lower(c.relname) = ANY($2) AND c.relname <> ALL($3)`,
    [shortened(namespace.schema), stored.map((name) => name.toLowerCase()), stored],
  );
  return rows.map(({ name }) => ({
    severity: 'warning',
    message: `Table "${name}" stands in the same schema; its name differs from that of a table of the profile only in case.`,
  }));
}

/** What the catalog says against making, altering and writing these tables; else how many of them are there. */
export async function testTables(
  client: ClientBase,
  namespace: Namespace,
  tables: readonly DestinationTable[],
  login: string,
): Promise<Finding[]> {
  const names = namesOf(tables);
  const existing = await existingTables(client, namespace, names);
  const shown = (name: string) => `table "${prefixed(namespace, name)}"`;
  return [
    ...findingsOfTables(tables, { rules, login, existing, shown }),
    ...(await findingsOfCase(client, namespace, names)),
  ];
}
