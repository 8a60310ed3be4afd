import type { Row } from '../../model/change.ts';
import type { DestinationColumn, DestinationTable } from '../../model/table-schema.ts';
import { columnsWithValues, type IdentifiedRow, newestById } from '../../schema/identified-rows.ts';
import { columnConverter, type ValueConverter } from '../../schema/values.ts';
import { shortened } from './identifiers.ts';

/** The rows of a page, each id once, and how to write them as lines of COPY's text format. */
export interface PageRows {
  readonly rows: readonly IdentifiedRow[];
  /** The columns of a line after ordinal and id: those with any value in this page. */
  readonly columns: readonly DestinationColumn[];
  /** The text with the row's line behind it; throws a `ROW_*` error when the row cannot be expressed. */
  appendLine(text: string, row: IdentifiedRow): string;
  /** The same for a line of one column: a JSON object of the values as texts, by column. Any server can take it: it is ASCII. */
  appendObject(text: string, row: IdentifiedRow): string;
}

const needsEscape = /[\\\n\r\t\0]/;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  // PostgreSQL stores no NUL. Lone surrogates become U+FFFD as well, when the text is encoded as UTF-8.
  '\0': '\uFFFD',
};

function escaped(text: string): string {
  return needsEscape.test(text)
    ? text.replace(/[\\\n\r\t\0]/g, (character) => escapes[character] ?? '')
    : text;
}

interface Cell {
  readonly name: string;
  readonly source: string;
  readonly convert: ValueConverter;
  readonly isText: boolean;
}

function appendCells(text: string, row: Row, cells: readonly Cell[]): string {
  let line = text;
  for (const { source, convert, isText } of cells) {
    const raw = row[source];
    if (raw === null || raw === undefined) {
      line += '\t\\N';
      continue;
    }
    const value = convert(raw);
    line += value === null ? '\t\\N' : isText ? `\t${escaped(value)}` : `\t${value}`;
  }
  return `${line}\n`;
}

/** The text as PostgreSQL stores it. */
const storable = (text: string) => text.replaceAll('\0', '\uFFFD').toWellFormed();

function appendObject(text: string, { ordinal, id, row }: IdentifiedRow, cells: readonly Cell[]): string {
  const values: Record<string, string | number | null> = { ordinal, Id: id };
  for (const { name, source, convert } of cells) {
    const value = convert(row[source]);
    if (value !== null) values[name] = storable(value);
  }
  const json = JSON.stringify(values).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}${escaped(json)}\n`;
}

/** Makes the rows of a page ready for COPY. Lines are made when they are sent, so that a page is not held twice. */
export function pageRows(table: DestinationTable, rows: readonly Row[]): PageRows {
  const columns = columnsWithValues(table.columns, rows);
  const cells = columns.map((column) => ({
    name: shortened(column.name),
    source: column.source ?? '',
    convert: columnConverter(column),
    isText: column.type.kind === 'text',
  }));
  return {
    rows: newestById(rows, table),
    columns,
    appendObject: (text, row) => appendObject(text, row, cells),
    appendLine: (text, { ordinal, id, row }) => appendCells(`${text}${ordinal}\t${id}`, row, cells),
  };
}
