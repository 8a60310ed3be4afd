import { type Answer, type ApiRequest, jsonAnswer } from '../api-request.ts';
import { badQuery, unknownProperty } from '../errors.ts';
import { type Comparable, comparable } from '../odata/match-filter.ts';
import { invalidCookie, type PagingCookie } from '../odata/paging-cookie.ts';
import type { Organization } from '../organization.ts';
import type { Column, Table } from '../schema/table.ts';
import { guidOf, isGuid, sortKey } from '../store/guid-order.ts';
import type { StoredRow } from '../store/row-store.ts';
import { parseRow, valueIn } from '../store/row-text.ts';
import { cookieOf, nextLinkOf } from './page-cookie.ts';
import { pageJson, pageSize, rowWriterFor } from './page-json.ts';
import { plannedRows, type ReadPlan, readPlan } from './read-plan.ts';
import { selection } from './selection.ts';

const known = ['$select', '$filter', '$orderby', '$top', '$count', '$skiptoken'];
const countLimit = 5000;

/** Answers a plain collection read: filtered, ordered (by the primary key unless asked otherwise) and paged. */
export function readCollection(
  organization: Organization,
  table: Table,
  request: ApiRequest,
  only?: ReadPlan,
): Answer {
  checkOptions(request);
  const chosen = selection(organization.schema, table, request.query.get('$select'));
  const write = rowWriterFor(organization, request, chosen);
  const asked = combine(readPlan(organization, table, request.query.get('$filter')), only);
  const plan = ofReader(request, table, asked);
  const prefers = request.prefer.maxPageSize !== undefined;
  const top = prefers ? null : topOf(request);
  const size = top ?? pageSize(organization, request);
  const cookie = cookieOf(organization, request);
  const order = orderColumns(organization, table, request.query.get('$orderby'));
  const found = order
    ? sortedRows(organization, table, plan, order, cookie, size + 1)
    : [...take(plannedRows(organization.store, table, plan, keyAfter(table, cookie)), size + 1)];
  const hasMore = found.length > size;
  const rows = hasMore ? found.slice(0, size) : found;
  const next = hasMore && top === null ? nextCookie(table, order ?? [], cookie, rows) : undefined;
  const context = `${request.root}/$metadata#${table.set}${chosen.list}`;
  const count = request.query.get('$count') === 'true' ? countRows(organization, table, plan) : undefined;
  return jsonAnswer(
    pageJson(organization, request, {
      context,
      rows: rows.values().map(write),
      ...(next ? { nextLink: nextLinkOf(organization, table, request, next) } : {}),
      ...(count === undefined ? {} : { count }),
    }),
    prefers ? { 'Preference-Applied': `odata.maxpagesize=${size}` } : {},
  );
}

/** Answers `/$count`: a number that stops at 5000, as the real one does. */
export function countCollection(organization: Organization, table: Table, request: ApiRequest): Answer {
  const plan = readPlan(organization, table, request.query.get('$filter'));
  return { status: 200, contentType: 'text/plain', body: String(countRows(organization, table, plan)) };
}

function countRows({ store }: Organization, table: Table, plan: ReadPlan): number {
  let count = 0;
  for (const _ of take(plannedRows(store, table, plan), countLimit)) count++;
  return count;
}

function checkOptions(request: ApiRequest): void {
  for (const option of request.query.keys()) {
    if (option === '$skip') throw badQuery('The query parameter $skip is not supported');
    if (option.startsWith('$') && !known.includes(option))
      throw badQuery(`The query parameter ${option} is not supported by the simulated organization`);
  }
}

function topOf(request: ApiRequest): number | null {
  const text = request.query.get('$top');
  if (text === null) return null;
  if (!/^\d+$/.test(text)) throw badQuery(`Invalid value '${text}' for $top query option found.`);
  return Math.min(Number(text), countLimit);
}

function combine(plan: ReadPlan, only: ReadPlan | undefined): ReadPlan {
  if (!only?.keys) return plan;
  const keys = new Set(plan.keys ?? only.keys);
  return { ...plan, keys: only.keys.filter((key) => keys.has(key)) };
}

/** Who reads own rows only gets no others, and no word of them. There is one business unit: the depths between leave none out. */
function ofReader({ caller }: ApiRequest, table: Table, plan: ReadPlan): ReadPlan {
  if (caller.readDepth(table) !== 'Basic') return plan;
  const own = JSON.stringify(caller.userId);
  const isOwn = (row: StoredRow) => valueIn(row.text, '_ownerid_value') === own;
  return { ...plan, isMatch: (row) => isOwn(row) && (plan.isMatch?.(row) ?? true) };
}

function* take<Item>(items: Iterable<Item>, count: number): Generator<Item> {
  if (count <= 0) return;
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken >= count) return;
  }
}

function keyAfter(table: Table, cookie: PagingCookie | undefined): string | undefined {
  if (!cookie) return undefined;
  const id = cookie.last[table.id]?.slice(1, -1) ?? '';
  if (!isGuid(id)) throw invalidCookie();
  return sortKey(id);
}

type Order = { column: Column; sign: 1 | -1 };

function orderColumns({ schema }: Organization, table: Table, text: string | null): Order[] | undefined {
  if (text === null) return undefined;
  const orders = text.split(',').map((part): Order => {
    const [property = '', direction = 'asc'] = part.trim().split(/\s+/);
    const column = schema.shape(table).byProperty.get(property);
    if (!column) throw unknownProperty(property, table.name);
    return { column, sign: direction === 'desc' ? -1 : 1 };
  });
  return orders.length === 1 && orders[0]?.column.name === table.id && orders[0].sign === 1
    ? undefined
    : orders;
}

type Sorted = { row: StoredRow; values: (Comparable | undefined)[] };

function sortedRows(
  { store }: Organization,
  table: Table,
  plan: ReadPlan,
  order: Order[],
  cookie: PagingCookie | undefined,
  limit: number,
): StoredRow[] {
  const sorted: Sorted[] = [];
  for (const row of plannedRows(store, table, plan)) {
    const values = parseRow(row.text);
    sorted.push({ row, values: order.map(({ column }) => comparable(column, values.get(column.property))) });
  }
  sorted.sort((a, b) => compareSorted(a, b, order));
  const afterKey = keyAfter(table, cookie);
  if (!cookie || afterKey === undefined) return sorted.slice(0, limit).map(({ row }) => row);
  const after: Sorted = {
    row: { key: afterKey, version: 0, text: '' },
    values: order.map(({ column }) => comparable(column, cookie.last[column.name] || undefined)),
  };
  const start = sorted.findIndex((one) => compareSorted(one, after, order) > 0);
  return start < 0 ? [] : sorted.slice(start, start + limit).map(({ row }) => row);
}

function compareSorted(a: Sorted, b: Sorted, order: Order[]): number {
  for (const [at, { sign }] of order.entries()) {
    const [x, y] = [a.values[at], b.values[at]];
    if (x === y) continue;
    if (x === undefined) return -sign;
    if (y === undefined) return sign;
    return x < y ? -sign : sign;
  }
  return a.row.key < b.row.key ? -1 : a.row.key > b.row.key ? 1 : 0;
}

function nextCookie(
  table: Table,
  order: Order[],
  cookie: PagingCookie | undefined,
  rows: StoredRow[],
): PagingCookie {
  const mark = (row: StoredRow | undefined) => {
    const values = row && order.length > 0 ? parseRow(row.text) : new Map<string, string>();
    const ordered = order.map(({ column }) => [column.name, values.get(column.property) ?? '']);
    return Object.fromEntries([...ordered, [table.id, `{${guidOf(row?.key ?? '').toUpperCase()}}`]]);
  };
  return { page: (cookie?.page ?? 1) + 1, last: mark(rows.at(-1)), first: mark(rows[0]) };
}
