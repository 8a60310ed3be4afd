import { hasCode } from '../../errors.ts';
import type { ChangePage, PageLink, Row } from '../../model/change.ts';
import type { PageRequest, RowQuery } from '../../ports/dataverse.ts';
import { laterVersion } from '../../schema/row-version.ts';
import { dataverseError, isUnknownColumn } from './map-error.ts';
import { hasColumns, isTracked, markTracked, namesNoOtherThan, withColumns } from './page-links.ts';
import {
  type AnnotatedBody,
  annotationsPreference,
  idOf,
  metadataVersionOf,
  readCurrentRows,
  rowsPath,
} from './read-rows.ts';
import type { WebApi } from './web-api.ts';

/** A page as Dataverse sends it; the delta link may stand before the rows and the next link after them. */
interface PageBody extends AnnotatedBody {
  readonly value?: readonly Row[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** A page without what follows it. */
type Changes = Omit<ChangePage, 'following'>;

const versionIn = (metadataVersion: string | undefined) =>
  metadataVersion === undefined ? {} : { metadataVersion };

/** Reads one page as the port promises it: columns of the query whatever link is followed, rows and deleted ids disjoint. */
export async function readPage(api: WebApi, pageSize: number, request: PageRequest): Promise<ChangePage> {
  const { query } = request;
  if (!('link' in request))
    return fetchPage(api, pageSize, query, firstPath(request), request.kind === 'tracked-rows');
  const { kind, link } = request;
  const hasTracking = kind === 'delta' || isTracked(link);
  const isAsWanted =
    namesNoOtherThan(link, query.columns) && (kind === 'next' || hasColumns(link, query.columns));
  if (isAsWanted) return fetchPage(api, pageSize, query, link, hasTracking);
  try {
    return await fetchPage(api, pageSize, query, withColumns(link, query.columns), hasTracking);
  } catch (error) {
    // A token may be bound to the columns it was made with, and how that is refused is documented nowhere.
    if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_DELTA_TOKEN_EXPIRED')) throw error;
    return followAsItIs(api, pageSize, query, link, hasTracking);
  }
}

/** Dataverse sorts by the primary key, and compares keys in the same order: SQL Server's, which is not that of their text. */
function firstPath(request: PageRequest): string {
  const filter = filterOf(request);
  return filter === ''
    ? rowsPath(request.query)
    : `${rowsPath(request.query)}&$filter=${encodeURIComponent(filter)}`;
}

function filterOf(request: PageRequest): string {
  if (request.kind !== 'rows') return '';
  const { from, to, withAnyOf = [] } = request;
  const key = request.query.table.primaryId;
  const borders = [...(from ? [`${key} ge ${from}`] : []), ...(to ? [`${key} lt ${to}`] : [])];
  const values = withAnyOf.map((column) => `${column} ne null`).join(' or ');
  return [...borders, ...(values ? [`(${values})`] : [])].join(' and ');
}

/** A link that cannot be written anew and names a column that was deleted is refused for ever: only a new read helps. */
async function followAsItIs(...[api, pageSize, query, link, hasTracking]: Parameters<typeof fetchPage>) {
  try {
    return await fetchPage(api, pageSize, query, link, hasTracking);
  } catch (cause) {
    if (!isUnknownColumn(cause)) throw cause;
    const purpose = `go on with reading table "${query.table.logicalName}"`;
    const happened = 'the page link is void, as it names a column that was deleted';
    throw dataverseError('DATAVERSE_DELTA_TOKEN_EXPIRED', purpose, api.origin, happened, { cause });
  }
}

async function fetchPage(
  api: WebApi,
  pageSize: number,
  query: RowQuery,
  path: string,
  hasTracking: boolean,
): Promise<ChangePage> {
  const preferences = [
    ...(hasTracking ? ['odata.track-changes'] : []),
    `odata.maxpagesize=${pageSize}`,
    ...(query.hasAnnotations ? [annotationsPreference] : []),
  ];
  const purpose = `read table "${query.table.logicalName}"`;
  const body = await api.get<PageBody>(
    purpose,
    path,
    { prefer: preferences.join(',') },
    { rowsOf: query.table, mayLackRows: () => !hasTracking },
  );
  if (!Array.isArray(body.value))
    throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, api.origin, 'the page has no list of rows');
  const { rows, deletedIds } = parted(body.value, purpose, api.origin);
  const told = versionIn(metadataVersionOf(body));
  const page = await believed(api, query, { rows, deletedIds, ...told }, isComplete(path, query, rows));
  return { ...page, following: followingOf(body, hasTracking) };
}

function followingOf(body: PageBody, hasTracking: boolean): PageLink {
  const { '@odata.nextLink': next, '@odata.deltaLink': delta } = body;
  if (next !== undefined) return { kind: 'next', link: hasTracking ? markTracked(next) : next };
  return delta === undefined ? { kind: 'end' } : { kind: 'delta', link: delta };
}

/** `reason: "deleted"` with a bare guid is the form on record; the OData 4.01 form costs nothing to take as well. */
function parted(values: readonly Row[], purpose: string, origin: string) {
  const rows: Row[] = [];
  const deletedIds: string[] = [];
  for (const value of values) {
    const isDeleted = '@removed' in value || (value.reason === 'deleted' && !('@odata.etag' in value));
    if (!isDeleted) {
      rows.push(value);
      continue;
    }
    const id = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\)?$)/i.exec(String(value.id ?? value['@id']));
    if (!id)
      throw dataverseError(
        'DATAVERSE_ANSWER_UNREADABLE',
        purpose,
        origin,
        'a deleted row has no readable id',
      );
    deletedIds.push(id[0].toLowerCase());
  }
  return { rows, deletedIds };
}

/** Whether the rows have what the query asks for; some answers to change tracking may come without annotations. */
function isComplete(path: string, query: RowQuery, rows: readonly Row[]): boolean {
  if (!hasColumns(path, query.columns)) return false;
  if (!query.hasAnnotations) return true;
  const lookups = query.columns.filter((column) => column.startsWith('_'));
  const rowWithLookup = rows.find((row) => lookups.some((column) => typeof row[column] === 'string'));
  return rowWithLookup === undefined || Object.keys(rowWithLookup).some((name) => name.indexOf('@') > 0);
}

/**
 * Reads by id what the page leaves open and believes the answer: every row of a page that is not complete, and ids that
 * are both changed and deleted (a deleted row may have been created again). A row that is gone by now is left out: its
 * delete comes with a later delta.
 */
async function believed(api: WebApi, query: RowQuery, page: Changes, hasAll: boolean): Promise<Changes> {
  const { rows, deletedIds } = page;
  if (hasAll && (deletedIds.length === 0 || rows.length === 0)) return page;
  const deleted = new Set(deletedIds);
  const doubtful = rows.filter((row) => !hasAll || deleted.has(idOf(query, row)));
  if (doubtful.length === 0) return page;
  const doubtfulIds = new Set(doubtful.map((row) => idOf(query, row)));
  const { rows: found, metadataVersion } = await readCurrentRows(api, query, [...doubtfulIds]);
  for (const row of found) deleted.delete(idOf(query, row));
  return {
    rows: [...rows.filter((row) => !doubtfulIds.has(idOf(query, row))), ...found],
    deletedIds: [...deleted],
    // They came later than the page, and may be of a later version than it tells.
    ...versionIn(metadataVersion && laterVersion(metadataVersion, page.metadataVersion ?? '0')),
  };
}
