import { hasCode, ServiceError } from '../errors.ts';
import type { Row } from '../model/change.ts';
import type { DestinationColumn, DestinationTable } from '../model/table-schema.ts';
import { compareVersions, versionOfRow } from './row-version.ts';
import { canonicalValue } from './values.ts';

/** A row of a page with its place in the staging table. */
export interface IdentifiedRow {
  readonly ordinal: number;
  readonly id: string;
  readonly version: string;
  readonly row: Row;
}

/** The columns that any of the rows has a value for. */
export function columnsWithValues(
  columns: readonly DestinationColumn[],
  rows: readonly Row[],
): DestinationColumn[] {
  return columns.filter(({ source }) => source !== undefined && rows.some((row) => row[source] != null));
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

/** The newest version of each row that comes more than once. `DATAVERSE_ANSWER_UNREADABLE` when a row has no id. */
export function newestById(rows: readonly Row[], table: DestinationTable): readonly IdentifiedRow[] {
  const byId = new Map<string, { id: string; row: Row; version: string }>();
  for (const row of rows) {
    const id = idOf(row, table);
    const version = versionOfRow(row);
    const known = byId.get(id);
    if (known === undefined || compareVersions(known.version, version) <= 0)
      byId.set(id, { id, row, version });
  }
  return Array.from(byId.values(), (row, ordinal) => ({ ...row, ordinal }));
}
