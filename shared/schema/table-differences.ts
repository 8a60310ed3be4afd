import { differenceText, effectOf, type TableDifference } from '../model/table-difference.ts';
import type { ColumnType, DestinationTable } from '../model/table-schema.ts';
import { compareTable, type ExistingColumn, firstColumns, type TableStep } from './compare-table.ts';

/** What the catalog of a destination knows of a table, or of what stands in its place. */
export interface ExistingTable {
  readonly isTable: boolean;
  /** For people: "a table", "a view", ... */
  readonly kind: string;
  /** Name of the primary key, or else of a unique index, on `Id` alone; undefined when there is none. */
  readonly keyOnId: string | undefined;
  /** Whether the login may alter it. */
  readonly isOwned: boolean;
  /** Of SELECT, INSERT, UPDATE and DELETE, those that the login has not. */
  readonly missingPrivileges: readonly string[];
  readonly columns: readonly ExistingColumn[];
  /** Those that count towards the server's limit. */
  readonly columnCount: number;
}

/** How a kind of server names things in one namespace. */
export interface ServerNames {
  /** A type as it is declared. */
  typeName(type: ColumnType): string;
  /** The name of a table's key as the catalog holds it. */
  keyName(table: string): string;
  /** Columns that exist, each in the spelling of the one of `names` that the server takes for the same. */
  spelledAs(columns: readonly ExistingColumn[], names: readonly string[]): readonly ExistingColumn[];
}

/** Names of a system table's columns: those that it was made with, and those that can be added. */
export interface SystemColumnNames {
  readonly first: ReadonlySet<string>;
  readonly later: readonly string[];
}

/** In what a table differs from the wanted one, and the steps that bring it there as far as nothing stands in the way. */
export function differencesOf(
  existing: ExistingTable | undefined,
  table: DestinationTable,
  { typeName, keyName, spelledAs }: ServerNames,
): { readonly differences: readonly TableDifference[]; readonly steps: readonly TableStep[] } {
  if (existing === undefined) return { differences: [{ kind: 'missing-table' }], steps: [] };
  const { isTable, kind, keyOnId } = existing;
  if (!isTable) return { differences: [{ kind: 'taken-name', found: kind }], steps: [] };
  if (keyOnId === undefined) return { differences: [{ kind: 'missing-key' }], steps: [] };
  const names = [...firstColumns, ...table.columns].map(({ name }) => name);
  const { steps, conflicts, unknown } = compareTable(spelledAs(existing.columns, names), table);
  const expected = keyName(table.name);
  const named = { found: keyOnId, expected };
  return {
    differences: [
      // Some servers keep names in lower case.
      ...(keyOnId.toLowerCase() === expected.toLowerCase()
        ? []
        : [{ kind: 'other-key-name', ...named } as const]),
      ...steps.map((step) => {
        const wanted = { column: step.column.name, expected: typeName(step.column.type) };
        return step.kind === 'add-column'
          ? ({ kind: 'missing-column', ...wanted } as const)
          : ({ kind: 'narrower-column', ...wanted, found: step.existing.typeName } as const);
      }),
      ...conflicts.map(({ column, existing: present }) => ({
        kind: 'conflicting-column' as const,
        column: column.name,
        found: present.typeName,
        expected: typeName(column.type),
      })),
      ...unknown.map(({ name, typeName: found }) => ({
        kind: 'unknown-column' as const,
        column: name,
        found,
      })),
    ],
    steps,
  };
}

/** Those that stand in the way of using the table, in sentences' ends. */
export function conflictsAmong(differences: readonly TableDifference[]): readonly string[] {
  return differences.filter((each) => effectOf(each) === 'conflict').map(differenceText);
}

/** The names for people, the first of many. */
export const listed = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** The same of a table that replication keeps beside the data, by the names of its columns. One that lacks our first ones is somebody else's. */
export function differencesOfSystemTable(
  existing: ExistingTable | undefined,
  { first, later }: SystemColumnNames,
  { spelledAs }: ServerNames,
): readonly TableDifference[] {
  if (existing === undefined) return [{ kind: 'missing-table' }];
  if (!existing.isTable) return [{ kind: 'taken-name', found: existing.kind }];
  const known = [...first, ...later];
  const columns = spelledAs(existing.columns, known);
  const present = new Set(columns.map(({ name }) => name));
  const isMissing = (name: string) => !present.has(name);
  const foreign = [...first].filter(isMissing).map((name) => `column "${name}"`);
  if (foreign.length > 0) return [{ kind: 'taken-name', found: `a table without ${listed(foreign)}` }];
  return [
    ...later.filter(isMissing).map((column) => ({ kind: 'missing-column' as const, column })),
    ...columns
      .filter(({ name }) => !known.includes(name))
      .map(({ name, typeName }) => ({ kind: 'unknown-column' as const, column: name, found: typeName })),
  ];
}
