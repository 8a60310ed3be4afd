import type { ColumnType, DestinationColumn, DestinationTable } from '../model/table-schema.ts';

/** A column as a destination has it; `type` is undefined for types that replication does not make. */
export interface ExistingColumn {
  readonly name: string;
  readonly type: ColumnType | undefined;
  /** The destination's own name of the type, for people. */
  readonly typeName: string;
}

/** One change of a table, in the order to apply. Nothing is ever dropped or narrowed. */
export type TableStep =
  | { readonly kind: 'add-column'; readonly column: DestinationColumn }
  | { readonly kind: 'widen-column'; readonly column: DestinationColumn };

/** What a table needs, and the columns that no widening can bring to what is wanted. */
export interface TableComparison {
  readonly steps: readonly TableStep[];
  readonly conflicts: readonly { readonly column: DestinationColumn; readonly existing: ExistingColumn }[];
}

type Fit = 'fits' | 'widen' | 'conflict';

const order = { integer: 0, bigint: 1, decimal: 2 } as const;

function fitOfNumbers(
  existing: ColumnType & { kind: keyof typeof order },
  wanted: ColumnType & { kind: keyof typeof order },
): Fit {
  if (existing.kind === 'decimal' && wanted.kind === 'decimal')
    return existing.scale >= wanted.scale ? 'fits' : 'widen';
  return order[existing.kind] >= order[wanted.kind] ? 'fits' : 'widen';
}

const isNumber = (type: ColumnType): type is ColumnType & { kind: keyof typeof order } => type.kind in order;

function fitOf(existing: ColumnType | undefined, wanted: ColumnType): Fit {
  if (existing === undefined) return 'conflict';
  if (isNumber(existing) && isNumber(wanted)) return fitOfNumbers(existing, wanted);
  if (existing.kind === 'text' && wanted.kind === 'text') {
    if (existing.maxLength === undefined) return 'fits';
    return wanted.maxLength !== undefined && wanted.maxLength <= existing.maxLength ? 'fits' : 'widen';
  }
  return existing.kind === wanted.kind ? 'fits' : 'conflict';
}

/** Compares a table that exists with the one that is wanted. Columns that are not wanted (any more) are left alone. */
export function compareTable(existing: readonly ExistingColumn[], wanted: DestinationTable): TableComparison {
  const byName = new Map(existing.map((column) => [column.name, column]));
  const steps: TableStep[] = [];
  const conflicts: { column: DestinationColumn; existing: ExistingColumn }[] = [];
  for (const column of wanted.columns) {
    const present = byName.get(column.name);
    if (present === undefined) {
      steps.push({ kind: 'add-column', column });
      continue;
    }
    const answer = fitOf(present.type, column.type);
    if (answer === 'widen') steps.push({ kind: 'widen-column', column });
    if (answer === 'conflict') conflicts.push({ column, existing: present });
  }
  return { steps, conflicts };
}
