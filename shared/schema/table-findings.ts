import type { Finding } from '../model/finding.ts';
import type { DestinationTable } from '../model/table-schema.ts';
import type { ExistingColumn, TableComparison } from './compare-table.ts';
import { type RowLimits, rowWidth } from './row-width.ts';
import { systemTables } from './system-tables.ts';

/** What the catalog of a destination knows of a table, or of what stands in its place. */
export interface ExistingTable {
  readonly isTable: boolean;
  /** For people: "a table", "a view", ... */
  readonly kind: string;
  readonly hasKeyOnId: boolean;
  /** Whether the login may alter it. */
  readonly isOwned: boolean;
  /** Of SELECT, INSERT, UPDATE and DELETE, those that the login has not. */
  readonly missingPrivileges: readonly string[];
  readonly columns: readonly ExistingColumn[];
  /** Those that count towards the server's limit. */
  readonly columnCount: number;
}

/** What a kind of server says of tables. */
export interface TableRules {
  /** For people: "PostgreSQL takes 1600 columns". */
  readonly server: string;
  readonly mostColumns: string;
  readonly limits: RowLimits;
  /** Why a login cannot alter a table that is not `isOwned`: "the login does not own it". */
  readonly notOwned: string;
  conflictsWith(existing: ExistingTable, table: DestinationTable): readonly string[];
  compare(existing: ExistingTable, table: DestinationTable): TableComparison;
  systemColumnNames(key: keyof typeof systemTables): {
    readonly first: ReadonlySet<string>;
    readonly later: readonly string[];
  };
}

/** The tables that are looked at: what exists of them by name, and for people the name of each. */
interface Look {
  readonly rules: TableRules;
  readonly login: string;
  readonly existing: ReadonlyMap<string, ExistingTable>;
  shown(name: string): string;
}

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

function findingsOfOwner(
  shown: string,
  existing: ExistingTable,
  changes: readonly string[],
  { notOwned }: TableRules,
): Finding[] {
  if (existing.isOwned) return [];
  const code = 'DESTINATION_PERMISSION_MISSING';
  if (changes.length > 0)
    return [
      obstacle(code, `Cannot alter ${shown}: ${notOwned}, and ${listed(changes)} must be added or widened.`),
    ];
  const message = `Cannot alter ${shown}: ${notOwned}; the table will stop when Dataverse adds or widens a column.`;
  return [{ severity: 'warning', code, message }];
}

function findingsOfWidth(
  shown: string,
  table: DestinationTable,
  columnCount: number,
  { server, limits, mostColumns }: TableRules,
): Finding[] {
  const findings: Finding[] = [];
  if (columnCount > limits.columns)
    findings.push(
      obstacle(
        'ROW_TOO_WIDE',
        `Cannot make or alter ${shown}: it needs ${columnCount} columns; ${server} takes ${mostColumns}.`,
      ),
    );
  const { columns, bytes } = rowWidth(table, limits);
  if (bytes > limits.bytes)
    findings.push({
      severity: 'warning',
      code: 'ROW_TOO_WIDE',
      message: `Cannot write every row of ${shown}: with values in all ${columns} columns it takes up to ${bytes} bytes, ${server} takes ${limits.bytes}; rows with so many values will be rejected.`,
    });
  return findings;
}

function findingsOfTable(
  shown: string,
  table: DestinationTable,
  existing: ExistingTable | undefined,
  { rules, login }: Look,
): Finding[] {
  if (existing === undefined)
    return findingsOfWidth(shown, table, rowWidth(table, rules.limits).columns, rules);
  const conflicts = rules
    .conflictsWith(existing, table)
    .map((conflict) => obstacle('DESTINATION_TABLE_CONFLICT', `Cannot use ${shown}: ${conflict}.`));
  if (!existing.isTable || !existing.hasKeyOnId) return conflicts;
  const { steps } = rules.compare(existing, table);
  const added = steps.filter(({ kind }) => kind === 'add-column').length;
  return [
    ...conflicts,
    ...findingsOfPrivileges(shown, existing, login),
    ...findingsOfOwner(
      shown,
      existing,
      steps.map(({ column }) => `column "${column.name}"`),
      rules,
    ),
    ...findingsOfWidth(shown, table, existing.columnCount + added, rules),
  ];
}

/** Our own tables are never somebody else's: one that lacks our columns stands in the way. */
function findingsOfSystemTable(
  shown: string,
  key: keyof typeof systemTables,
  existing: ExistingTable | undefined,
  { rules, login }: Look,
): Finding[] {
  if (existing === undefined) return [];
  const present = new Set(existing.columns.map(({ name }) => name));
  const { first, later } = rules.systemColumnNames(key);
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
  return missing.length > 0 ? [...findings, ...findingsOfOwner(shown, existing, missing, rules)] : findings;
}

/** The tables of a profile, and those that replication keeps beside them. */
export const namesOf = (tables: readonly DestinationTable[]) => [
  ...Object.values(systemTables),
  ...tables.map(({ name }) => name),
];

/** What stands in the way of making, altering and writing these tables; else how many of them are there. */
export function findingsOfTables(tables: readonly DestinationTable[], look: Look): Finding[] {
  const { existing, shown } = look;
  const keys = Object.keys(systemTables) as (keyof typeof systemTables)[];
  const findings = [
    ...keys.flatMap((key) => {
      const name = systemTables[key];
      return findingsOfSystemTable(shown(name), key, existing.get(name), look);
    }),
    ...tables.flatMap((table) => findingsOfTable(shown(table.name), table, existing.get(table.name), look)),
  ];
  if (tables.length === 0 || findings.some(({ severity }) => severity === 'error')) return findings;
  const there = tables.filter(({ name }) => existing.has(name)).length;
  const message = `Nothing stands in the way of the tables: ${there} of ${tables.length} exist, ${tables.length - there} will be made.`;
  return [{ severity: 'ok', message }, ...findings];
}
