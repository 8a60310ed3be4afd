import { ServiceError } from '../../shared/errors.ts';
import type { ComparedTable } from '../../shared/model/table-difference.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import { firstColumns, type TableStep } from '../../shared/schema/compare-table.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import {
  conflictsAmong,
  differencesOf,
  type ExistingTable,
  type ServerNames,
} from '../../shared/schema/table-differences.ts';
import { comparedTables } from '../../shared/schema/table-findings.ts';

const names: ServerNames = {
  typeName: ({ kind }) => kind,
  keyName: (table) => `key of ${table}`,
  spelledAs: (columns) => columns,
};

/** A table of the fake as a catalog tells of it; undefined when there is none. */
function existingTable(
  shape: Pick<DestinationTable, 'name' | 'columns'> | undefined,
): ExistingTable | undefined {
  if (shape === undefined) return undefined;
  const columns = [...firstColumns, ...shape.columns].map((column) => ({
    ...column,
    typeName: names.typeName(column.type),
  }));
  return {
    ...{ isTable: true, kind: 'a table', keyOnId: names.keyName(shape.name), isOwned: true },
    ...{ missingPrivileges: [], columns, columnCount: columns.length },
  };
}

/** What the table of the fake needs to become the wanted one. */
export function fakeSteps(shape: DestinationTable, wanted: DestinationTable): readonly TableStep[] {
  const { differences, steps } = differencesOf(existingTable(shape), wanted, names);
  const conflicts = conflictsAmong(differences);
  if (conflicts.length === 0) return steps;
  const message = `Cannot use table "${wanted.name}": ${conflicts.join('; ')}.`;
  throw new ServiceError('DESTINATION_TABLE_CONFLICT', message);
}

/** The port's `compare`, of a fake with these tables; its system tables have no columns to speak of. */
export function fakeComparison(
  tables: readonly DestinationTable[],
  shapeOf: (table: string) => DestinationTable | undefined,
  madeSystemTables: ReadonlySet<string>,
): readonly ComparedTable[] {
  const wanted = [...tables.map(({ name }) => name), ...Object.values(systemTables)];
  const found = wanted.flatMap((name) => {
    const shape = madeSystemTables.has(name) ? { name, columns: [] } : shapeOf(name);
    const existing = existingTable(shape);
    return existing === undefined ? [] : [[name, existing] as const];
  });
  const first = new Set(firstColumns.map(({ name }) => name));
  return comparedTables(tables, new Map(found), {
    names,
    systemColumnNames: () => ({ first, later: [] }),
  });
}
