import type { ErrorCode } from '../../shared/error-codes.ts';
import type { Row } from '../../shared/model/change.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import { rowId } from '../../shared/schema/row-id.ts';
import { compareVersions, versionOfRow } from '../../shared/schema/row-version.ts';
import { columnConverter } from '../../shared/schema/values.ts';

/** A row as it is stored: canonical texts by column, with `Id`, `SinkCreatedOn` and `SinkModifiedOn`. */
export type StoredRow = Record<string, string | null>;

/** Why the fake refuses a row; `wrong` ends a sentence. */
export interface RefusalRule {
  readonly code: ErrorCode;
  readonly wrong: string;
}

/** Ids of at most so many rows after one. */
export const idsAfter = (rows: ReadonlyMap<string, StoredRow>, afterId = '', limit: number) =>
  [...rows.keys()]
    .filter((id) => id > afterId)
    .sort()
    .slice(0, limit);

/** The row as a destination stores it; throws `ROW_*` when it cannot be expressed. */
export function expressed(shape: DestinationTable, row: Row): StoredRow {
  return Object.fromEntries(
    shape.columns.map((column) => {
      const text = column.source === undefined ? null : columnConverter(column)(row[column.source]);
      const isText = text !== null && column.type.kind === 'text';
      return [column.name, isText ? text.replaceAll('\0', '\uFFFD').toWellFormed() : text];
    }),
  );
}

/** The rule of the first column that a text does not fit. */
export function tooLong(shape: DestinationTable, row: StoredRow): RefusalRule | undefined {
  for (const { name, type } of shape.columns) {
    const length = [...(row[name] ?? '')].length;
    if (type.kind === 'text' && type.maxLength !== undefined && length > type.maxLength)
      return {
        code: 'ROW_TEXT_TOO_LONG',
        wrong: `column "${name}" holds at most ${type.maxLength} characters, received ${length}`,
      };
  }
  return undefined;
}

/** A row or a delete that was refused, and why. */
export interface Refusal extends RefusalRule {
  readonly id: string;
  readonly version: string;
  readonly verb: 'write' | 'delete';
}

/** What a person is told of it. */
export const reasonOf = ({ verb, id, wrong }: Refusal, table: string) =>
  `Cannot ${verb} row "${id}" of table "${table}": ${wrong}.`;

/** Of rows that come more than once, the newest version of each; by id. */
export function newestRows(rows: readonly Row[], idSource: string): ReadonlyMap<string, Row> {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    const id = rowId(row, idSource);
    const known = newest.get(id);
    if (!known || compareVersions(versionOfRow(known), versionOfRow(row)) <= 0) newest.set(id, row);
  }
  return newest;
}
