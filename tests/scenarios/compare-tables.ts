import { organizations } from '../../shared/adapters/dataverse/organizations.ts';
import { consoleLog } from '../../shared/adapters/system/console-log.ts';
import { systemClock } from '../../shared/adapters/system/system-clock.ts';
import type { Row } from '../../shared/model/change.ts';
import type { DestinationColumn } from '../../shared/model/table-schema.ts';
import type { PageRequest } from '../../shared/ports/dataverse.ts';
import { destinationTable } from '../../shared/schema/destination-table.ts';
import { rowQuery } from '../../shared/schema/row-query.ts';
import { canonicalValue } from '../../shared/schema/values.ts';
import { userToken } from './callers.ts';
import { type StoredRow, storedRows } from './stored-rows.ts';

/** Where the two sides are. */
export interface ComparedSides {
  readonly dataverse: string;
  readonly entra: string;
  readonly database: string;
  /** `dbo` unless it is given. */
  readonly schema?: string;
  readonly organizationId: string;
  /** Of the profile; none unless it is given. */
  readonly prefix?: string;
  /** Of who may read the organization; the administrator of Contoso's unless it is given. */
  readonly token?: string;
}

/**
 * Compares every row and every value of a table in the organization and in the reporting database.
 * Resolves to what differs, in sentences; an empty list means that they are equal.
 */
export async function differencesOf(table: string, sides: ComparedSides): Promise<readonly string[]> {
  const token = sides.token ?? (await userToken(sides.entra, 'admin', { resource: sides.dataverse }));
  const organization = await organizations({
    urls: [sides.dataverse],
    pageSize: 5000,
    tokens: { forResource: async () => token },
    clock: systemClock(),
    log: consoleLog(),
  }).dataverse(sides.organizationId);
  const definition = await organization.tableDefinition(table);
  const target = destinationTable(definition);
  const query = rowQuery(definition);
  const source = new Map<string, Row>();
  for (let request: PageRequest | undefined = { kind: 'rows', query }; request; ) {
    const page = await organization.readPage(request);
    for (const row of page.rows) source.set(String(row[target.idSource]), row);
    request = page.following.kind === 'next' ? { kind: 'next', query, link: page.following.link } : undefined;
  }
  const named = sides.prefix ? `${sides.prefix}_${table}` : table;
  const stored = await storedRows(sides.database, sides.schema ?? 'dbo', named);
  const missing = [...source.keys()].filter((id) => !stored.has(id));
  const surplus = [...stored.keys()].filter((id) => !source.has(id));
  const wrong = [...source].flatMap(([id, row]) => {
    const found = stored.get(id);
    return found ? wrongColumns(target.columns, row, found).map((column) => `${table} ${id}: ${column}`) : [];
  });
  return [
    ...missing.map((id) => `${table} ${id}: missing in the destination`),
    ...surplus.map((id) => `${table} ${id}: not in the source`),
    ...wrong,
  ];
}

/**
 * Names of lookups belong to other rows: they are as they were when this row was last exported, because a new name there
 * is no change of this row, in Dataverse as in the old service.
 */
const isNameOfOtherRow = ({ source }: DestinationColumn) =>
  source?.includes('@OData.Community.Display') === true;

function wrongColumns(columns: readonly DestinationColumn[], row: Row, stored: StoredRow): string[] {
  return columns.flatMap((column) => {
    if (isNameOfOtherRow(column)) return [];
    const expected = column.source === undefined ? null : canonicalValue(column.type, row[column.source]);
    const found = stored[column.name];
    const isSame = found !== undefined && comparable(column, expected) === comparable(column, found);
    return isSame ? [] : [`${column.name} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
  });
}

/** One notation for equal numbers, and what stands in place of characters that not every database holds. */
function comparable({ type }: DestinationColumn, text: string | null): string | null {
  if (text === null) return null;
  if (type.kind === 'decimal' && text.includes('.')) return text.replace(/\.?0+$/, '');
  if (type.kind === 'datetime') return canonicalValue(type, text);
  return type.kind === 'text' ? text.replaceAll('\0', '\ufffd').toWellFormed() : text;
}
