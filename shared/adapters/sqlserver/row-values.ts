import type { Row, RowValue } from '../../model/change.ts';
import type { DestinationColumn, DestinationTable } from '../../model/table-schema.ts';
import { columnsWithValues, type IdentifiedRow, newestById } from '../../schema/identified-rows.ts';
import { columnConverter } from '../../schema/values.ts';
import type { BulkType } from './bulk-types.ts';
import { longestText } from './session.ts';

/** The rows of a page, each id once, and their values as a bulk load takes them. */
export interface PageRows {
  readonly rows: readonly IdentifiedRow[];
  /** The columns with any value in this page. */
  readonly columns: readonly PageColumn[];
  /** Ordinal, id, and a value for each column; throws a `ROW_*` error when the row cannot be expressed. */
  valuesOf(row: IdentifiedRow): readonly unknown[];
}

/** A column of the destination, and how it is staged. */
export interface PageColumn extends DestinationColumn {
  readonly source: string;
  readonly staged: { readonly type: BulkType; readonly length?: number; readonly scale?: number };
}

/** `datetime` begins and ends here; what is before or after stands there, so that no row is lost for its date. */
const earliest = Date.UTC(1753, 0, 1);
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 997);

function datetimeOf(text: string): number {
  return Math.min(Math.max(Date.parse(text), earliest), latest);
}

/** As in PostgreSQL, so that every destination has the same text: U+FFFD for NUL and for halves of a surrogate pair. */
function textOf(text: string): string {
  return (text.isWellFormed() ? text : text.toWellFormed()).replaceAll('\0', '\uFFFD');
}

function bulkValue(kind: DestinationColumn['type']['kind'], text: string): unknown {
  switch (kind) {
    case 'guid':
    case 'decimal':
      return text;
    case 'text':
      return textOf(text);
    case 'integer':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'boolean':
      return text === 'true';
    case 'datetime':
      return datetimeOf(text);
  }
}

/** A text of limited length is staged without its own limit, so that the reporting table itself decides, which may be wider. */
function stagedAs({ type, source = '' }: DestinationColumn, rows: readonly Row[]): PageColumn['staged'] {
  switch (type.kind) {
    case 'guid':
      return { type: 'uuid' };
    case 'integer':
      return { type: 'int' };
    case 'boolean':
      return { type: 'bit' };
    case 'decimal':
      return { type: 'decimal', scale: type.scale };
    case 'text': {
      const isLong = (value: RowValue | undefined) => typeof value === 'string' && value.length > longestText;
      const isUnlimited = type.maxLength === undefined || rows.some((row) => isLong(row[source]));
      return isUnlimited ? { type: 'text' } : { type: 'text', length: longestText };
    }
    default:
      return { type: type.kind };
  }
}

/** Makes the rows of a page ready to be loaded. Values are made when they are sent, so that a page is not held twice. */
export function pageRows(table: DestinationTable, rows: readonly Row[]): PageRows {
  const columns = columnsWithValues(table.columns, rows).map((column) => ({
    ...column,
    source: column.source ?? '',
    staged: stagedAs(column, rows),
  }));
  const cells = columns.map((column) => ({
    source: column.source,
    convert: columnConverter(column),
    kind: column.type.kind,
  }));
  return {
    rows: newestById(rows, table),
    columns,
    valuesOf: ({ ordinal, id, row }) => {
      const values: unknown[] = [ordinal, id];
      for (const { source, convert, kind } of cells) {
        const raw = row[source];
        const text = raw === null || raw === undefined ? null : convert(raw);
        values.push(text === null ? null : bulkValue(kind, text));
      }
      return values;
    },
  };
}
