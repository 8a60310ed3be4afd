import type { ApiRequest } from '../api-request.ts';
import { formatCookie, invalidCookie, type PagingCookie, parseCookie } from '../odata/paging-cookie.ts';
import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import { linkWith } from './page-json.ts';

const selectOf = ({ query }: ApiRequest) => query.get('$select') ?? '';

/** The cookie of a request for a later page; refuses one of other columns where pages are bound to them. */
export function cookieOf({ switches }: Organization, request: ApiRequest): PagingCookie | undefined {
  const skip = request.query.get('$skiptoken');
  if (skip === null) return undefined;
  const cookie = parseCookie(skip);
  if (switches.pagesBoundToSelect && (cookie.select ?? '') !== selectOf(request)) throw invalidCookie();
  return cookie;
}

/** The link of the next page. */
export function nextLinkOf(
  { switches }: Organization,
  table: Table,
  request: ApiRequest,
  cookie: PagingCookie,
): string {
  const bound = switches.pagesBoundToSelect ? { ...cookie, select: selectOf(request) } : cookie;
  return linkWith(request, table.set, '$skiptoken', formatCookie(bound));
}
