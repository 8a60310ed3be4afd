import type { Row } from '../../model/change.ts';
import type { RowQuery } from '../../ports/dataverse.ts';
import { rowId } from '../../schema/row-id.ts';
import { laterVersion } from '../../schema/row-version.ts';
import { batchesOf } from './batches.ts';
import type { WebApi } from './web-api.ts';

/** 50 ids and 300 columns make some 8 KB of URL, well below the 32 KB that Dataverse takes. */
const idsPerRequest = 50;
const requestsAtOnce = 4;

const metadataVersion = 'Microsoft.Dynamics.CRM.globalmetadataversion';

export const annotationsPreference = `odata.include-annotations="OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname,${metadataVersion}"`;

/** The envelope of a collection that was asked for annotations. */
export interface AnnotatedBody {
  readonly '@Microsoft.Dynamics.CRM.globalmetadataversion'?: string | number;
}

/** The version of the metadata that an answer tells, a decimal text. */
export function metadataVersionOf(body: AnnotatedBody): string | undefined {
  const version = String(body[`@${metadataVersion}`] ?? '');
  return /^\d+$/.test(version) ? version : undefined;
}

/** Asked of a collection of one row: all plain collections tell it, answers to change tracking perhaps not. */
export async function readMetadataVersion(api: WebApi): Promise<string | undefined> {
  const prefer = `odata.include-annotations="${metadataVersion}"`;
  const path = 'organizations?$select=organizationid';
  return metadataVersionOf(await api.get<AnnotatedBody>('read the metadata version', path, { prefer }));
}

/** Of the organization's own row, whose setting it is. */
export async function readDeltaTokenDays(api: WebApi): Promise<number | undefined> {
  const path = 'organizations?$select=expirechangetrackingindays';
  const { value } = await api.get<{ value: readonly Row[] }>('read the life of delta tokens', path, {});
  const days = Number(value[0]?.expirechangetrackingindays ?? undefined);
  return days > 0 ? days : undefined;
}

export function rowsPath({ table, columns }: RowQuery): string {
  return `${table.entitySetName}?$select=${columns.join(',')}`;
}

/** The row's primary key, a lower-case guid. */
export function idOf({ table }: RowQuery, row: Row): string {
  return rowId(row, table.primaryId);
}

/** The rows with these ids that exist, current as of now. */
export async function readRows(
  api: WebApi,
  query: RowQuery,
  ids: readonly string[],
): Promise<readonly Row[]> {
  return (await readCurrentRows(api, query, ids)).rows;
}

/** The same, and the latest version of the metadata that an answer told; none where one did not tell. */
export async function readCurrentRows(
  api: WebApi,
  query: RowQuery,
  ids: readonly string[],
): Promise<{ readonly rows: readonly Row[]; readonly metadataVersion: string | undefined }> {
  const bodies: RowsBody[] = [];
  for (const batches of batchesOf(batchesOf(ids, idsPerRequest), requestsAtOnce))
    bodies.push(...(await Promise.all(batches.map((batch) => readBatch(api, query, batch)))));
  const versions = bodies.map(metadataVersionOf);
  const metadataVersion = versions.reduce((a, b) => a && b && laterVersion(a, b), versions[0]);
  return { rows: bodies.flatMap(({ value }) => value), metadataVersion };
}

interface RowsBody extends AnnotatedBody {
  readonly value: readonly Row[];
}

async function readBatch(api: WebApi, query: RowQuery, ids: readonly string[]): Promise<RowsBody> {
  const filter = ids.map((id) => `${query.table.primaryId} eq ${id}`).join(' or ');
  return api.get<RowsBody>(
    `read rows of table "${query.table.logicalName}"`,
    `${rowsPath(query)}&$filter=${encodeURIComponent(filter)}`,
    query.hasAnnotations ? { prefer: annotationsPreference } : {},
    { rowsOf: query.table, mayLackRows: (body) => (body as RowsBody).value.length < ids.length },
  );
}
