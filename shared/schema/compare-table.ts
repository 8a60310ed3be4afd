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
  | { readonly kind: 'widen-column'; readonly column: DestinationColumn; readonly existing: ExistingColumn };

/** The columns that the steps add. */
export const addedColumns = (steps: readonly TableStep[]): readonly DestinationColumn[] =>
  steps.flatMap(({ kind, column }) => (kind === 'add-column' ? [column] : []));

/** What a table needs, the columns that no widening can bring to what is wanted, and those that nobody wants. */
export interface TableComparison {
  readonly steps: readonly TableStep[];
  readonly conflicts: readonly { readonly column: DestinationColumn; readonly existing: ExistingColumn }[];
  readonly unknown: readonly ExistingColumn[];
}

/** The columns in front of those of every table. */
export const firstColumns: readonly DestinationColumn[] = [
  { name: 'Id', type: { kind: 'guid' } },
  { name: 'SinkCreatedOn', type: { kind: 'datetime' } },
  { name: 'SinkModifiedOn', type: { kind: 'datetime' } },
];

/** `fits`, or the type that the column is to become, or `conflict`. */
type Fit = 'fits' | 'conflict' | ColumnType;

type NumberType = Extract<ColumnType, { kind: 'integer' | 'bigint' | 'decimal' }>;

const isNumber = (type: ColumnType): type is NumberType => /^(integer|bigint|decimal)$/.test(type.kind);

/** Digits before the point. A decimal of 38 digits is wide enough for every other: what is too large for it is told row by row. */
function wholeDigits(type: NumberType): number {
  if (type.kind !== 'decimal') return type.kind === 'integer' ? 10 : 19;
  return type.digits === undefined ? 38 : type.digits - type.scale;
}

function fitOfNumbers(existing: NumberType, wanted: NumberType): Fit {
  const scaleOf = (type: NumberType) => (type.kind === 'decimal' ? type.scale : 0);
  if (wholeDigits(existing) >= wholeDigits(wanted) && scaleOf(existing) >= scaleOf(wanted)) return 'fits';
  if (existing.kind !== 'decimal') return wanted;
  // Digits after the point that are there are kept.
  return { kind: 'decimal', scale: Math.max(existing.scale, scaleOf(wanted)) };
}

function fitOf(existing: ColumnType | undefined, wanted: ColumnType): Fit {
  if (existing === undefined) return 'conflict';
  if (isNumber(existing) && isNumber(wanted)) return fitOfNumbers(existing, wanted);
  if (existing.kind === 'text' && wanted.kind === 'text') {
    if (existing.maxLength === undefined) return 'fits';
    return wanted.maxLength !== undefined && wanted.maxLength <= existing.maxLength ? 'fits' : wanted;
  }
  if (existing.kind === 'datetime' && wanted.kind === 'datetime')
    return wanted.isWide && !existing.isWide ? wanted : 'fits';
  return existing.kind === wanted.kind ? 'fits' : 'conflict';
}

/** Compares a table that exists with the one that is wanted. Columns that are not wanted (any more) are left alone. */
export function compareTable(existing: readonly ExistingColumn[], wanted: DestinationTable): TableComparison {
  const left = new Map(existing.map((column) => [column.name, column]));
  const steps: TableStep[] = [];
  const conflicts: { column: DestinationColumn; existing: ExistingColumn }[] = [];
  for (const column of [...firstColumns, ...wanted.columns]) {
    const present = left.get(column.name);
    left.delete(column.name);
    if (present === undefined) {
      steps.push({ kind: 'add-column', column });
      continue;
    }
    const fit = fitOf(present.type, column.type);
    if (fit === 'conflict') conflicts.push({ column, existing: present });
    else if (fit !== 'fits')
      steps.push({ kind: 'widen-column', column: { ...column, type: fit }, existing: present });
  }
  return { steps, conflicts, unknown: [...left.values()] };
}
