import { ServiceError } from '../errors.ts';
import type { Row } from '../model/change.ts';
import type { TableDefinition } from '../model/table-schema.ts';
import type { Dataverse, KeptQuiet, RowQuery } from '../ports/dataverse.ts';
import { chooseTouchColumn } from './choose-touch-column.ts';

/** How the rows of a table are touched: what is read of them, and the column that is written back. */
export interface Touch {
  readonly query: RowQuery;
  readonly column: string;
}

/** How touching a row ended; `version` is the row version that the destination must reach, a decimal text. */
export type TouchOutcome =
  | { readonly kind: 'written' | 'changed'; readonly version: string }
  | { readonly kind: 'gone' };

/** How rows of this table are touched, or the sentence why they cannot be. */
export function touchOf(definition: TableDefinition): Touch | string {
  const { logicalName, entitySetName, primaryId } = definition;
  if (!definition.hasOptimisticConcurrency)
    return `Rows of table "${logicalName}" cannot be guarded against changes of others.`;
  const column = chooseTouchColumn(definition.attributes);
  if (!column) return `Table "${logicalName}" has no column that can be written without side effects.`;
  const columns = [column.logicalName, 'versionnumber'];
  const table = { logicalName, entitySetName, primaryId };
  return { query: { table, columns, hasAnnotations: false }, column: column.logicalName };
}

/**
 * Writes the row's own value back. A row that somebody changed meanwhile needs no write: it is exported by itself, and
 * the version to wait for is the newer one. A deleted row is never created again.
 */
export async function touchRow(
  row: Row,
  touch: Touch,
  dataverse: Dataverse,
  keptQuiet: readonly KeptQuiet[] = [],
): Promise<TouchOutcome> {
  const { table } = touch.query;
  const id = String(row[table.primaryId]);
  const value = { [touch.column]: row[touch.column] ?? null };
  const outcome = await dataverse.writeRow(table, id, etagOf(row, touch), value, keptQuiet);
  if (outcome.kind !== 'changed') return outcome;
  const [newer] = await dataverse.readRows(touch.query, [id]);
  return newer ? { kind: 'changed', version: versionOf(newer, touch) } : { kind: 'gone' };
}

function etagOf(row: Row, { query }: Touch): string {
  const etag = row['@odata.etag'];
  if (typeof etag === 'string') return etag;
  throw unreadable(query, 'a row came without its etag');
}

/** The version of a row that was read for a touch, a decimal text. */
export function versionOf(row: Row, { query }: Touch): string {
  const version = String(row.versionnumber);
  if (/^\d+$/.test(version)) return version;
  throw unreadable(query, 'a row came without its versionnumber');
}

function unreadable({ table }: RowQuery, what: string): ServiceError {
  return new ServiceError(
    'DATAVERSE_ANSWER_UNREADABLE',
    `Cannot re-touch rows of table "${table.logicalName}": ${what}; Dataverse gives it with every row.`,
  );
}
