import { type Answer, type ApiRequest, jsonAnswer } from '../api-request.ts';
import { badQuery, DataverseError, errorCodes } from '../errors.ts';
import { invalidCookie, type PagingCookie } from '../odata/paging-cookie.ts';
import type { Organization } from '../organization.ts';
import { missingPrivilege } from '../privileges.ts';
import type { Table } from '../schema/table.ts';
import { guidOf, sortKey } from '../store/guid-order.ts';
import type { StoredRow, Tombstone } from '../store/row-store.ts';
import { formatDeltaToken, parseDeltaToken } from './delta-token.ts';
import { cookieOf, nextLinkOf } from './page-cookie.ts';
import { linkWith, type Page, pageJson, pageSize, rowWriterFor } from './page-json.ts';
import type { RowWriter } from './row-json.ts';
import { selection } from './selection.ts';

const refused = ['$filter', '$orderby', '$expand', '$top'];
const everything = Number.MAX_SAFE_INTEGER;

/** Answers a read with `odata.track-changes` or `$deltatoken`: all rows, or the changes after a token. */
export function readTracked(organization: Organization, table: Table, request: ApiRequest): Answer {
  checkTracked(organization, table, request);
  const select = request.query.get('$select');
  const chosen = selection(organization.schema, table, select);
  const write = rowWriterFor(organization, request, chosen);
  const cookie = cookieOf(organization, request);
  if (cookie && !cookie.tracking) throw invalidCookie();
  const token = request.query.get('$deltatoken');
  const page =
    token === null
      ? loadPage(organization, table, request, cookie, write)
      : deltaPage(
          organization,
          table,
          request,
          parseDeltaToken(organization, table, token, select),
          cookie,
          write,
        );
  const context = `${request.root}/$metadata#${table.set}${chosen.list}${token === null ? '' : '/$delta'}`;
  return jsonAnswer(pageJson(organization, request, { ...page, context, isDelta: token !== null }), {
    ...(request.prefer.isTracking ? { 'Preference-Applied': 'odata.track-changes' } : {}),
  });
}

/** `/$count?$deltatoken=`: how many changes a delta read would give now. */
export function countTracked(organization: Organization, table: Table, request: ApiRequest): Answer {
  checkTracked(organization, table, request);
  const token = request.query.get('$deltatoken') ?? '';
  const since = parseDeltaToken(organization, table, token, request.query.get('$select'));
  const rows = organization.store.countChanged(table.name, since, everything);
  const deletes = tombstones(organization, table, since, everything, -1).length;
  return { status: 200, contentType: 'text/plain', body: String(rows + deletes) };
}

function checkTracked({ schema }: Organization, table: Table, request: ApiRequest): void {
  if (request.caller.readDepth(table) !== 'Global') throw missingPrivilege(request.caller, 'Read', table);
  if (!table.isChangeTracked)
    throw new DataverseError(
      400,
      errorCodes.notTracked,
      `Entity ${table.name} isn't enabled for change tracking.`,
    );
  const [link] = table.isIntersect ? table.manyToMany : [];
  const parents = [link?.first.table, link?.second.table].map((name) => schema.tables.get(name ?? ''));
  if (link && table.canEnableChangeTracking && !parents.every((parent) => parent?.isChangeTracked))
    throw new DataverseError(
      400,
      errorCodes.intersectNotTracked,
      `Changes cannot be retrieved for intersect entity ${table.name} since both related entities are not enabled for change tracking.`,
    );
  for (const option of refused)
    if (request.query.has(option))
      throw badQuery(`The "${option}" query parameter isn't supported when Change Tracking is enabled.`);
}

function loadPage(
  organization: Organization,
  table: Table,
  request: ApiRequest,
  cookie: PagingCookie | undefined,
  write: RowWriter,
): Omit<Page, 'context'> {
  const { store, switches } = organization;
  const size = pageSize(organization, request);
  const startVersion = Number(cookie?.tracking?.version ?? toldVersion(organization));
  const after = cookie?.last[table.id];
  const range = after === undefined ? {} : { after: sortKey(after.slice(1, -1)) };
  const rows = [...store.scan(table.name, range, size + 1)];
  if (rows.length > size) {
    rows.pop();
    const next = nextCookie(table, cookie, rows, { version: String(startVersion) });
    return {
      rows: rows.values().map(write),
      nextLink: nextLinkOf(organization, table, request, next),
    };
  }
  const version = switches.deltaTokenTime === 'start' ? startVersion : toldVersion(organization);
  const token = formatDeltaToken(organization, version, request.query.get('$select'));
  return { rows: rows.values().map(write), deltaLink: linkWith(request, table.set, '$deltatoken', token) };
}

/**
 * One page of changes: rows by version, then deletes (the switch turns that round). The first page fixes `upTo`; a row
 * that changes while the client is paging leaves this read and comes with the next, so nothing is lost between pages.
 */
function deltaPage(
  organization: Organization,
  table: Table,
  request: ApiRequest,
  since: number,
  cookie: PagingCookie | undefined,
  write: RowWriter,
): Omit<Page, 'context'> {
  const { store, switches } = organization;
  const size = pageSize(organization, request);
  const upTo = Number(cookie?.tracking?.upTo ?? Math.max(since, toldVersion(organization)));
  const phases = switches.deletesFirst ? (['deletes', 'rows'] as const) : (['rows', 'deletes'] as const);
  let phase = phases.findIndex((one) => one === (cookie?.tracking?.phase ?? phases[0]));
  let last = Number(cookie?.tracking?.last ?? since);
  const changes: (StoredRow | Tombstone)[] = [];
  for (; phase < 2; phase++, last = since) {
    const room = size - changes.length;
    const found: (StoredRow | Tombstone)[] =
      phases[phase] === 'rows'
        ? store.changedRows(table.name, last, upTo, room + 1)
        : tombstones(organization, table, last, upTo, room + 1);
    for (const change of found.slice(0, room)) {
      last = change.version;
      changes.push(change);
    }
    if (found.length > room) break;
  }
  if (switches.shuffleOrder) changes.sort(() => Math.random() - 0.5);
  const rows = changes
    .values()
    .map((change) => ('text' in change ? write(change) : deletedJson(request, table, change)));
  if (phase < 2) {
    const tracking = { upTo: String(upTo), phase: phases[phase] ?? '', last: String(last) };
    const next = nextCookie(table, cookie, changes, tracking);
    return { rows, nextLink: nextLinkOf(organization, table, request, next) };
  }
  const token = formatDeltaToken(organization, upTo, request.query.get('$select'));
  return { rows, deltaLink: linkWith(request, table.set, '$deltatoken', token) };
}

/** The last change that is told: later ones can be read, but a transaction that began before them is still open. */
function toldVersion({ store, switches }: Organization): number {
  const newest = switches.tokensWaitForTransactions ? store.settledVersion() : store.currentVersion();
  return Math.max(0, newest - switches.untoldChanges);
}

function tombstones(
  { store, switches }: Organization,
  table: Table,
  after: number,
  upTo: number,
  limit: number,
): Tombstone[] {
  if (switches.updateAndDeleteOfSameId) return store.tombstones(table.name, after, upTo, limit);
  const gone = store
    .tombstones(table.name, after, upTo, -1)
    .filter((tombstone) => store.get(table.name, tombstone.key) === undefined);
  return limit < 0 ? gone : gone.slice(0, limit);
}

function deletedJson(request: ApiRequest, table: Table, { key }: Tombstone): string {
  const context = `${request.root}/$metadata#${table.set}/$deletedEntity`;
  return JSON.stringify({ '@odata.context': context, id: guidOf(key), reason: 'deleted' });
}

function nextCookie(
  table: Table,
  cookie: PagingCookie | undefined,
  rows: { key: string }[],
  tracking: Record<string, string>,
): PagingCookie {
  const braced = (row: { key: string } | undefined) => ({
    [table.id]: `{${guidOf(row?.key ?? '').toUpperCase()}}`,
  });
  return { page: (cookie?.page ?? 1) + 1, last: braced(rows.at(-1)), first: braced(rows[0]), tracking };
}
