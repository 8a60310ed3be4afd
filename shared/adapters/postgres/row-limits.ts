import type { ColumnType } from '../../model/table-schema.ts';
import type { RowLimits } from '../../schema/row-width.ts';

const toEight = (bytes: number) => Math.ceil(bytes / 8) * 8;

/** What stands in a row for a value that is kept elsewhere; one of at most the second number never is. */
const toastPointerBytes = 18;
const toastedAboveBytes = 24;

/** A byte of length, two of sign and scale, and two for each four digits, of which there are up to ten. */
const longDecimalBytes = 23;

function place(type: ColumnType): ReturnType<RowLimits['place']> {
  switch (type.kind) {
    case 'guid':
      return { bytes: 16, alignment: 1 };
    case 'integer':
      return { bytes: 4, alignment: 4 };
    case 'bigint':
    case 'datetime':
      return { bytes: 8, alignment: 8 };
    case 'boolean':
      return { bytes: 1, alignment: 1 };
    case 'decimal':
      return { bytes: longDecimalBytes, alignment: 1 };
    case 'text': {
      // A byte of length, and up to four a character.
      const longest = 1 + 4 * (type.maxLength ?? Number.POSITIVE_INFINITY);
      return { bytes: longest > toastedAboveBytes ? toastPointerBytes : longest, alignment: 1 };
    }
  }
}

/**
 * A row has to fit into one page of 8 kB, less the page's head. Its own head has a bit for each column when any is null.
 * https://www.postgresql.org/docs/current/storage-page-layout.html
 */
export const rowLimits: RowLimits = {
  columns: 1600,
  bytes: 8160,
  overhead: (columns) => toEight(23 + Math.ceil(columns / 8)),
  place,
};
