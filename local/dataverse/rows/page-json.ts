import type { ApiRequest } from '../api-request.ts';
import { annotationNames } from '../odata/prefer.ts';
import type { Organization } from '../organization.ts';
import { type RowWriter, rowWriter } from './row-json.ts';
import type { Selection } from './selection.ts';

const bufferSize = 1 << 20;

export type Page = {
  context: string;
  /** The JSON of each row. */
  rows: Iterable<string>;
  nextLink?: string;
  deltaLink?: string;
  count?: number;
  isDelta?: boolean;
};

/** The envelope of a page: annotations before `value`, the next link after it, the delta link where the switch says. */
export function pageJson({ switches, schema }: Organization, request: ApiRequest, page: Page): Buffer[] {
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
    head += `,"@${annotationNames.metadataVersion}":"${schema.revisionBefore(switches.staleMetadataVersionSeconds)}"`;
  if (switches.deltaLinkFirst) head += deltaLink;
  const tail = `]${nextLink}${switches.deltaLinkFirst ? '' : deltaLink}}`;
  return joinedBuffers(`${head},"value":[`, page.rows, tail);
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

/**
 * The texts as UTF-8, the rows with commas between them. A page has tens of megabytes: it is never held as one text, only
 * one row at a time, which spares the garbage collector most of its work.
 */
function joinedBuffers(head: string, rows: Iterable<string>, tail: string): Buffer[] {
  const buffers: Buffer[] = [];
  let buffer = Buffer.allocUnsafeSlow(bufferSize);
  let used = 0;
  const append = (text: string) => {
    // A UTF-16 unit has at most three bytes in UTF-8.
    if (used + text.length * 3 > buffer.length) {
      buffers.push(buffer.subarray(0, used));
      buffer = Buffer.allocUnsafeSlow(Math.max(bufferSize, text.length * 3));
      used = 0;
    }
    used += buffer.write(text, used);
  };
  append(head);
  let isFirst = true;
  for (const row of rows) {
    if (!isFirst) append(',');
    isFirst = false;
    append(row);
  }
  append(tail);
  return [...buffers, buffer.subarray(0, used)];
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
