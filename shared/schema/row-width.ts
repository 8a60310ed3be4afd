import type { ColumnType, DestinationTable } from '../model/table-schema.ts';

/** How a server lays a row out, and what it takes at most. */
export interface RowLimits {
  readonly columns: number;
  readonly bytes: number;
  /** Bytes in front of the first value, of a row with so many columns. */
  overhead(columns: number): number;
  /**
   * What a long value of the type takes in the row itself, with all that the server can keep elsewhere kept there, and the
   * number that its place must be a multiple of.
   */
  place(type: ColumnType): { readonly bytes: number; readonly alignment: number };
}

/** `columns` and `bytes` of a row that has a long value in every column. */
export interface RowWidth {
  readonly columns: number;
  readonly bytes: number;
}

/** The columns in front of those of the profile: `Id`, `SinkCreatedOn`, `SinkModifiedOn`. */
const firstTypes: readonly ColumnType[] = [{ kind: 'guid' }, { kind: 'datetime' }, { kind: 'datetime' }];

/** The width of a table's rows. One beyond the limits: rows with many values are refused, and those with fewer are not. */
export function rowWidth({ columns }: Pick<DestinationTable, 'columns'>, limits: RowLimits): RowWidth {
  const types = [...firstTypes, ...columns.map(({ type }) => type)];
  const bytes = types.reduce((end, type) => {
    const place = limits.place(type);
    return Math.ceil(end / place.alignment) * place.alignment + place.bytes;
  }, limits.overhead(types.length));
  return { columns: types.length, bytes: Math.ceil(bytes) };
}
