import { Client } from 'pg';
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

/** Where the two sides are. */
export interface ComparedSides {
  readonly dataverse: string;
  readonly entra: string;
  readonly database: string;
  readonly organizationId: string;
  /** Of the profile; none unless it is given. */
  readonly prefix?: string;
  /** Of who may read the organization; the administrator of Contoso's unless it is given. */
  readonly token?: string;
}

/**
 * Compares every row and every value of a table in the organization and in schema `dbo` of the reporting database.
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
  const stored = await storedRows(sides.prefix ? `${sides.prefix}_${table}` : table, sides.database);
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

type StoredRow = Readonly<Record<string, string | null>>;

async function storedRows(table: string, database: string): Promise<ReadonlyMap<string, StoredRow>> {
  // Every value as the text that PostgreSQL shows, so that no client conversion stands between.
  const client = new Client({
    connectionString: database,
    types: { getTypeParser: () => (text: string) => text },
  });
  await client.connect();
  try {
    await client.query(`SET datestyle = 'ISO, YMD'`);
    const { rows } = await client.query<StoredRow>(`SELECT * FROM dbo."${table}"`);
    return new Map(rows.map((row) => [String(row.Id), row]));
  } finally {
    await client.end();
  }
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
    const isSame =
      found !== undefined && comparable(column, expected) === comparable(column, shown(column, found));
    return isSame ? [] : [`${column.name} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`];
  });
}

/** PostgreSQL's text of a value in the form that a source has it. */
function shown({ type }: DestinationColumn, text: string | null): string | null {
  if (text === null) return null;
  if (type.kind === 'boolean') return text === 't' ? 'true' : 'false';
  if (type.kind === 'datetime') return canonicalValue(type, `${text.replace(' ', 'T')}Z`);
  return text;
}

/** One notation for equal numbers, and what PostgreSQL must put in place of characters that it cannot hold. */
function comparable({ type }: DestinationColumn, text: string | null): string | null {
  if (text === null) return null;
  if (type.kind === 'decimal' && text.includes('.')) return text.replace(/\.?0+$/, '');
  return type.kind === 'text' ? text.replaceAll('\0', '\ufffd').toWellFormed() : text;
}
