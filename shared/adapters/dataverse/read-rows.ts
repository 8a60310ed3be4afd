import type { Row } from '../../model/change.ts';
import type { RowQuery } from '../../ports/dataverse.ts';
import type { WebApi } from './web-api.ts';

/** 50 ids and 300 columns make some 8 KB of URL, well below the 32 KB that Dataverse takes. */
const idsPerRequest = 50;
const requestsAtOnce = 4;

export const annotationsPreference =
  'odata.include-annotations="OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname"';

export function rowsPath({ table, columns }: RowQuery): string {
  return `${table.entitySetName}?$select=${columns.join(',')}`;
}

/** The row's primary key, a lower-case guid. */
export function idOf({ table }: RowQuery, row: Row): string {
  return String(row[table.primaryId]).toLowerCase();
}

/** The rows with these ids that exist, current as of now. */
export async function readRows(api: WebApi, query: RowQuery, ids: readonly string[]): Promise<Row[]> {
  const batches: string[][] = [];
  for (let start = 0; start < ids.length; start += idsPerRequest)
    batches.push(ids.slice(start, start + idsPerRequest));
  const rows: Row[] = [];
  for (let start = 0; start < batches.length; start += requestsAtOnce) {
    const answers = await Promise.all(
      batches.slice(start, start + requestsAtOnce).map((batch) => readBatch(api, query, batch)),
    );
    for (const answer of answers) rows.push(...answer);
  }
  return rows;
}

async function readBatch(api: WebApi, query: RowQuery, ids: readonly string[]): Promise<readonly Row[]> {
  const filter = ids.map((id) => `${query.table.primaryId} eq ${id}`).join(' or ');
  const { value } = await api.get<{ value: readonly Row[] }>(
    `read rows of table "${query.table.logicalName}"`,
    `${rowsPath(query)}&$filter=${encodeURIComponent(filter)}`,
    query.hasAnnotations ? { prefer: annotationsPreference } : {},
  );
  return value;
}
