import type { ColumnType } from '../../model/table-schema.ts';
import type { RowLimits } from '../../schema/row-width.ts';

/** What stands in a row for a value of variable length that is kept elsewhere; a shorter one never is. */
const pointerBytes = 24;
/** Where in the row a value of variable length ends. */
const offsetBytes = 2;

function place(type: ColumnType): ReturnType<RowLimits['place']> {
  switch (type.kind) {
    case 'guid':
      return { bytes: 16, alignment: 1 };
    case 'integer':
      return { bytes: 4, alignment: 1 };
    case 'bigint':
    case 'datetime':
      return { bytes: 8, alignment: 1 };
    case 'boolean':
      // Eight of them share a byte.
      return { bytes: 1 / 8, alignment: 1 / 8 };
    case 'decimal':
      return { bytes: 17, alignment: 1 };
    case 'text':
      return {
        bytes: offsetBytes + Math.min(pointerBytes, 2 * (type.maxLength ?? pointerBytes)),
        alignment: 1,
      };
  }
}

/**
 * A row has to fit into one page of 8 kB, with values of variable length kept elsewhere as far as that makes it shorter.
 * https://learn.microsoft.com/sql/relational-databases/pages-and-extents-architecture-guide
 */
export const rowLimits: RowLimits = {
  columns: 1024,
  bytes: 8060,
  // Status bits, length of the fixed part, number of columns, a bit for each that is null, number of variable columns.
  overhead: (columns) => 4 + 2 + Math.ceil(columns / 8) + 2,
  place,
};
