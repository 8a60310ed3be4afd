import type { ApiRequest } from '../api-request.ts';
import { annotationNames } from '../odata/prefer.ts';
import type { Organization } from '../organization.ts';
import { type RowWriter, rowWriter } from './row-json.ts';
import type { Selection } from './selection.ts';

export type Page = {
  context: string;
  /** The rows, each one or more pieces of text that are joined as they are. */
  pieces: string[];
  nextLink?: string;
  deltaLink?: string;
  count?: number;
  isDelta?: boolean;
};

/** The envelope of a page: annotations before `value`, the next link after it, the delta link where the switch says. */
export function pageJson({ switches, schema }: Organization, request: ApiRequest, page: Page): string {
  const wanted = request.prefer.annotations;
  const deltaLink =
    page.deltaLink === undefined ? '' : `,"@odata.deltaLink":${JSON.stringify(page.deltaLink)}`;
  const nextLink = page.nextLink === undefined ? '' : `,"@odata.nextLink":${JSON.stringify(page.nextLink)}`;
  let head = `{"@odata.context":${JSON.stringify(page.context)}`;
  if (page.count !== undefined) head += `,"@odata.count":${page.count}`;
  if (wanted?.(annotationNames.totalCount)) head += `,"@${annotationNames.totalCount}":${page.count ?? -1}`;
  if (wanted?.(annotationNames.totalCountExceeded))
    head += `,"@${annotationNames.totalCountExceeded}":${(page.count ?? 0) >= 5000}`;
  if (wanted?.(annotationNames.metadataVersion) && (!page.isDelta || switches.globalMetadataVersionOnDelta))
    head += `,"@${annotationNames.metadataVersion}":"${schema.revision()}"`;
  if (switches.deltaLinkFirst) head += deltaLink;
  return `${head},"value":[${page.pieces.join('')}]${nextLink}${switches.deltaLinkFirst ? '' : deltaLink}}`;
}

/** The function that writes the rows of this request's answer. */
export function rowWriterFor(
  { switches, names }: Organization,
  request: ApiRequest,
  selection: Selection,
): RowWriter {
  const isTracked = request.prefer.isTracking || request.query.has('$deltatoken');
  const wanted = isTracked && !switches.annotationsWithTrackChanges ? undefined : request.prefer.annotations;
  return rowWriter(
    selection,
    wanted && { isWanted: wanted, names, isComplete: switches.lookupAnnotationsComplete },
  );
}

/** The pieces of a list of rows, with commas between them. */
export function rowPieces<Row>(rows: readonly Row[], write: (row: Row, pieces: string[]) => void): string[] {
  const pieces: string[] = [];
  for (const row of rows) {
    if (pieces.length > 0) pieces.push(',');
    write(row, pieces);
  }
  return pieces;
}

/** How many rows a page has: what the client prefers, never more than the service allows (a larger wish is ignored). */
export function pageSize({ switches }: Organization, request: ApiRequest): number {
  return Math.min(request.prefer.maxPageSize ?? switches.maxPageSize, switches.maxPageSize);
}

/** The address of the next page: the same query with another `$skiptoken`. */
export function linkWith(
  request: ApiRequest,
  set: string,
  name: '$skiptoken' | '$deltatoken',
  value: string,
): string {
  const kept = [...request.query]
    .filter(([key]) => key !== '$skiptoken' && (name !== '$deltatoken' || key !== '$deltatoken'))
    .map(([key, text]) => `${key}=${encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%24', '$')}`);
  return `${request.root}/${set}?${[...kept, `${name}=${value}`].join('&')}`;
}
