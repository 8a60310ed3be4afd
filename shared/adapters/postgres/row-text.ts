import { isRowFault } from '../../error-codes.ts';
import { hasCode, ServiceError } from '../../errors.ts';
import type { Row } from '../../model/change.ts';
import type { DestinationColumn, DestinationTable } from '../../model/table-schema.ts';
import { compareVersions, laterVersion, versionOfRow } from '../../schema/row-version.ts';
import { canonicalValue, columnConverter, type ValueConverter } from '../../schema/values.ts';

/** A row as a line of COPY's text format, without the ordinal in front. */
export interface PreparedRow {
  readonly id: string;
  readonly version: string;
  readonly row: Row;
  readonly line: string;
}

/** A row that cannot be expressed. */
export interface InexpressibleRow {
  readonly id: string;
  readonly version: string;
  readonly error: ServiceError;
}

/** The rows of a page, made ready for COPY; `columns` are those with any value. */
export interface PreparedRows {
  readonly columns: readonly DestinationColumn[];
  readonly rows: readonly PreparedRow[];
  readonly inexpressible: readonly InexpressibleRow[];
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
  readonly source: string;
  readonly convert: ValueConverter;
  readonly isText: boolean;
}

function cellsWithValues(columns: readonly DestinationColumn[], rows: readonly Row[]): DestinationColumn[] {
  return columns.filter(({ source }) => source !== undefined && rows.some((row) => row[source] != null));
}

function lineOf(id: string, row: Row, cells: readonly Cell[]): string {
  let line = id;
  for (const { source, convert, isText } of cells) {
    const raw = row[source];
    if (raw === null || raw === undefined) {
      line += '\t\\N';
      continue;
    }
    const text = convert(raw);
    line += text === null ? '\t\\N' : isText ? `\t${escaped(text)}` : `\t${text}`;
  }
  return line;
}

function idOf(row: Row, table: DestinationTable): string {
  try {
    const id = canonicalValue({ kind: 'guid' }, row[table.idSource]);
    if (id !== null) return id;
  } catch (error) {
    if (!hasCode(error, 'ROW_VALUE_INVALID')) throw error;
  }
  throw new ServiceError(
    'DATAVERSE_ANSWER_UNREADABLE',
    `Cannot write table "${table.name}": a row has no guid in "${table.idSource}".`,
  );
}

/** The newest version of each row that comes more than once, by id. */
function newestById(rows: readonly Row[], table: DestinationTable) {
  const byId = new Map<string, { row: Row; version: string }>();
  for (const row of rows) {
    const id = idOf(row, table);
    const version = versionOfRow(row);
    const known = byId.get(id);
    if (known === undefined || compareVersions(known.version, version) <= 0) byId.set(id, { row, version });
  }
  return byId;
}

/** Turns rows into lines; rows that cannot be expressed are set aside with the reason. */
export function prepareRows(table: DestinationTable, rows: readonly Row[]): PreparedRows {
  const columns = cellsWithValues(table.columns, rows);
  const cells = columns.map((column) => ({
    source: column.source ?? '',
    convert: columnConverter(column),
    isText: column.type.kind === 'text',
  }));
  const prepared: PreparedRow[] = [];
  const inexpressible: InexpressibleRow[] = [];
  for (const [id, { row, version }] of newestById(rows, table)) {
    try {
      prepared.push({ id, version, row, line: lineOf(id, row, cells) });
    } catch (error) {
      if (!(error instanceof ServiceError && isRowFault(error.code))) throw error;
      inexpressible.push({ id, version, error });
    }
  }
  return { columns, rows: prepared, inexpressible };
}

/** The greatest version of all the rows, expressible or not. */
export function greatestVersion({ rows, inexpressible }: PreparedRows): string {
  let greatest = '0';
  for (const { version } of rows) greatest = laterVersion(greatest, version);
  for (const { version } of inexpressible) greatest = laterVersion(greatest, version);
  return greatest;
}
