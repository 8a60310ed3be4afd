import type { ClientBase } from 'pg';
import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { compareTable } from '../../schema/compare-table.ts';
import { rowWidth } from '../../schema/row-width.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { conflictsWith } from './ddl.ts';
import { type ExistingTable, existingTables } from './existing-tables.ts';
import { type Namespace, prefixed, shortened } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import { systemColumnNames } from './system-tables.ts';

/** A finding that stands in the way. */
export function obstacle(code: NonNullable<Finding['code']>, message: string): Finding {
  return { severity: 'error', code, message };
}

const listed = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

function findingsOfPrivileges(shown: string, { missingPrivileges }: ExistingTable, login: string): Finding[] {
  if (missingPrivileges.length === 0) return [];
  return [
    obstacle(
      'DESTINATION_PERMISSION_MISSING',
      `Cannot use ${shown}: login "${login}" lacks ${missingPrivileges.join(', ')} on it.`,
    ),
  ];
}

function findingsOfOwner(shown: string, existing: ExistingTable, changes: readonly string[]): Finding[] {
  if (existing.isOwned) return [];
  const code = 'DESTINATION_PERMISSION_MISSING';
  if (changes.length > 0)
    return [
      obstacle(
        code,
        `Cannot alter ${shown}: the login does not own it, and ${listed(changes)} must be added or widened.`,
      ),
    ];
  const message = `Cannot alter ${shown}: the login does not own it; the table will stop when Dataverse adds or widens a column.`;
  return [{ severity: 'warning', code, message }];
}

function findingsOfWidth(shown: string, table: DestinationTable, columnCount: number): Finding[] {
  const findings: Finding[] = [];
  if (columnCount > rowLimits.columns)
    findings.push(
      obstacle(
        'ROW_TOO_WIDE',
        `Cannot make or alter ${shown}: it needs ${columnCount} columns; PostgreSQL takes ${rowLimits.columns}, dropped ones included.`,
      ),
    );
  const { columns, bytes } = rowWidth(table, rowLimits);
  if (bytes > rowLimits.bytes)
    findings.push({
      severity: 'warning',
      code: 'ROW_TOO_WIDE',
      message: `Cannot write every row of ${shown}: with values in all ${columns} columns it takes up to ${bytes} bytes, PostgreSQL takes ${rowLimits.bytes}; rows with so many values will be rejected.`,
    });
  return findings;
}

function findingsOfTable(
  shown: string,
  table: DestinationTable,
  existing: ExistingTable | undefined,
  login: string,
): Finding[] {
  if (existing === undefined) return findingsOfWidth(shown, table, rowWidth(table, rowLimits).columns);
  const conflicts = conflictsWith(existing, table).map((conflict) =>
    obstacle('DESTINATION_TABLE_CONFLICT', `Cannot use ${shown}: ${conflict}.`),
  );
  if (!existing.isTable || !existing.hasKeyOnId) return conflicts;
  const { steps } = compareTable(existing.columns, table);
  const added = steps.filter(({ kind }) => kind === 'add-column').length;
  return [
    ...conflicts,
    ...findingsOfPrivileges(shown, existing, login),
    ...findingsOfOwner(
      shown,
      existing,
      steps.map(({ column }) => `column "${column.name}"`),
    ),
    ...findingsOfWidth(shown, table, existing.columnCount + added),
  ];
}

/** Our own tables are never somebody else's: one that lacks our columns stands in the way. */
function findingsOfSystemTable(
  shown: string,
  key: keyof typeof systemTables,
  existing: ExistingTable | undefined,
  login: string,
): Finding[] {
  if (existing === undefined) return [];
  const present = new Set(existing.columns.map(({ name }) => name));
  const { first, later } = systemColumnNames(key);
  const foreign = existing.isTable
    ? [...first].filter((name) => !present.has(name)).map((name) => `column "${name}"`)
    : [];
  if (!existing.isTable || foreign.length > 0)
    return [
      obstacle(
        'DESTINATION_TABLE_CONFLICT',
        `Cannot use ${shown} for replication's own records: ${existing.isTable ? `a table without ${listed(foreign)}` : existing.kind} has its name.`,
      ),
    ];
  const missing = later.filter((name) => !present.has(name)).map((name) => `column "${name}"`);
  const findings = findingsOfPrivileges(shown, existing, login);
  return missing.length > 0 ? [...findings, ...findingsOfOwner(shown, existing, missing)] : findings;
}

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
export async function findingsOfTables(
  client: ClientBase,
  namespace: Namespace,
  tables: readonly DestinationTable[],
  login: string,
): Promise<Finding[]> {
  const keys = Object.keys(systemTables) as (keyof typeof systemTables)[];
  const names = [...Object.values(systemTables), ...tables.map(({ name }) => name)];
  const existing = await existingTables(client, namespace, names);
  const shown = (name: string) => `table "${prefixed(namespace, name)}"`;
  const findings = [
    ...keys.flatMap((key) => {
      const name = systemTables[key];
      return findingsOfSystemTable(shown(name), key, existing.get(name), login);
    }),
    ...tables.flatMap((table) => findingsOfTable(shown(table.name), table, existing.get(table.name), login)),
    ...(await findingsOfCase(client, namespace, names)),
  ];
  if (tables.length === 0 || findings.some(({ severity }) => severity === 'error')) return findings;
  const there = tables.filter(({ name }) => existing.has(name)).length;
  const message = `Nothing stands in the way of the tables: ${there} of ${tables.length} exist, ${tables.length - there} will be made.`;
  return [{ severity: 'ok', message }, ...findings];
}
