import { badQuery, unknownProperty } from '../errors.ts';
import { type Comparison, type Filter, filterProperties, parseFilter, resolveAny } from '../odata/filter.ts';
import { matcher } from '../odata/match-filter.ts';
import type { Organization } from '../organization.ts';
import type { Table } from '../schema/table.ts';
import { guidOf, sortKey } from '../store/guid-order.ts';
import type { RowRange, RowStore, StoredRow } from '../store/row-store.ts';
import { parseRow } from '../store/row-text.ts';
import { findLink, linkedKeys } from './linked-rows.ts';

/** How a filter is answered: by certain keys or a range of keys and versions, and by looking at what is left. */
export type ReadPlan = { keys?: string[]; range: RowRange; isMatch?: (row: StoredRow) => boolean };

export function readPlan(
  organization: Pick<Organization, 'schema' | 'store' | 'switches'>,
  table: Table,
  filterText: string | null,
): ReadPlan {
  return filterText === null ? { range: {} } : planOf(organization, table, parseFilter(filterText));
}

function planOf(
  organization: Pick<Organization, 'schema' | 'store' | 'switches'>,
  table: Table,
  parsed: Filter,
): ReadPlan {
  const { byProperty } = organization.schema.shape(table);
  const filter = resolveAny(parsed, ({ navigation, part }) => {
    if (!organization.switches.filtersByRelated) throw badQuery("The operator 'any' is not supported.");
    const link = findLink(organization, table, navigation);
    if (!link) throw unknownProperty(navigation, table.name);
    const { intersect, near, far, farTable } = link;
    const rows = plannedRows(organization.store, farTable, planOf(organization, farTable, part));
    const farKeys = new Set(rows.map(({ key }) => key));
    const nearKeys = linkedKeys(organization.store, { intersect, from: far, to: near }, (key) =>
      farKeys.has(key),
    );
    return { op: 'in', property: table.id, keys: new Set(nearKeys) };
  });
  for (const property of filterProperties(filter)) {
    const column = byProperty.get(property);
    if (!column?.canRead) throw unknownProperty(property, table.name);
  }
  if (!organization.switches.filtersByValue && asksForValues(filter))
    throw badQuery("The operator 'ne' is not supported with null.");
  const range: RowRange = {};
  const plan: ReadPlan = { range };
  const rest: Filter[] = [];
  const textBounds: KeyBound[] = [];
  const { keyRanges } = organization.switches;
  for (const part of filter.op === 'and' ? filter.parts : [filter]) {
    const bound = keyRanges === 'as-sorted' ? undefined : keyBound(part, table.id);
    if (bound && keyRanges === 'refused')
      throw badQuery(`The operator '${bound.op}' is not supported for the primary key.`);
    if (bound) {
      textBounds.push(bound);
      continue;
    }
    if (narrowByKey(part, table.id, plan) || narrowByVersion(part, range)) continue;
    rest.push(part);
  }
  if (rest.length + textBounds.length > 0) {
    const match = matcher({ op: 'and', parts: rest }, byProperty);
    plan.isMatch = (row) => {
      if (!textBounds.every((bound) => isWithin(guidOf(row.key), bound))) return false;
      const values = parseRow(row.text);
      return match((property) => values.get(property));
    };
  }
  return plan;
}

/** Whether rows with a value in some column are asked for. */
function asksForValues(filter: Filter): boolean {
  if ('parts' in filter) return filter.parts.some(asksForValues);
  return filter.op === 'ne' && filter.value === null;
}

type KeyBound = { op: Comparison; key: string };

/** A comparison of the primary key that is not by equality; SQL Server's order is that of pages, and may not be all there is. */
function keyBound(part: Filter, id: string): KeyBound | undefined {
  if (!('value' in part) || part.property !== id || part.value?.kind !== 'guid') return undefined;
  const { op } = part;
  return op === 'ge' || op === 'gt' || op === 'le' || op === 'lt' ? { op, key: part.value.text } : undefined;
}

function isWithin(guid: string, { op, key }: KeyBound): boolean {
  if (op === 'ge') return guid >= key;
  if (op === 'gt') return guid > key;
  return op === 'lt' ? guid < key : guid <= key;
}

/** The rows of a plan in key order after `after`, read lazily. */
export function* plannedRows(
  store: RowStore,
  table: Table,
  { keys, range, isMatch }: ReadPlan,
  after?: string,
): Generator<StoredRow> {
  const isInRange = (row: StoredRow) =>
    row.key > (after ?? '') &&
    row.key >= (range.from ?? '') &&
    row.key < (range.below ?? 'g') &&
    row.version >= (range.minVersion ?? 0) &&
    row.version <= (range.maxVersion ?? Number.MAX_SAFE_INTEGER);
  const source = keys
    ? keys.map((key) => store.get(table.name, key)).filter((row) => row !== undefined && isInRange(row))
    : store.scan(table.name, after === undefined ? range : { ...range, after });
  for (const row of source) if (row && (!isMatch || isMatch(row))) yield row;
}

function narrowByKey(part: Filter, id: string, plan: ReadPlan): boolean {
  const wanted = part.op === 'or' ? part.parts : [part];
  const keys: string[] = [];
  for (const one of wanted) {
    if (!('value' in one) || one.property !== id || one.value === null) return false;
    if (one.value.kind !== 'guid')
      throw badQuery(
        `A binary operator with incompatible types was detected. Property '${id}' is an Edm.Guid.`,
      );
    const key = sortKey(one.value.text);
    if (one.op === 'eq') keys.push(key);
    else if (part.op === 'or') return false;
    // A key has 32 hexadecimal digits, so key + '0' is the first text after it.
    else if (one.op === 'ge') plan.range.from = later(plan.range.from, key);
    else if (one.op === 'gt') plan.range.from = later(plan.range.from, `${key}0`);
    else if (one.op === 'lt') plan.range.below = earlier(plan.range.below, key);
    else if (one.op === 'le') plan.range.below = earlier(plan.range.below, `${key}0`);
    else return false;
  }
  if (keys.length > 0) {
    const unique = new Set(keys);
    plan.keys = (plan.keys?.filter((key) => unique.has(key)) ?? [...unique]).sort();
  }
  return true;
}

function narrowByVersion(part: Filter, range: RowRange): boolean {
  if (!('value' in part) || part.property !== 'versionnumber' || part.value?.kind !== 'number') return false;
  const version = Number(part.value.text);
  const min = (value: number) => {
    range.minVersion = Math.max(range.minVersion ?? 0, value);
  };
  const max = (value: number) => {
    range.maxVersion = Math.min(range.maxVersion ?? Number.MAX_SAFE_INTEGER, value);
  };
  if (part.op === 'ge' || part.op === 'eq') min(version);
  if (part.op === 'le' || part.op === 'eq') max(version);
  if (part.op === 'gt') min(version + 1);
  if (part.op === 'lt') max(version - 1);
  return part.op !== 'ne' && part.op !== 'contains' && part.op !== 'startswith' && part.op !== 'endswith';
}

function later(known: string | undefined, key: string): string {
  return known !== undefined && known > key ? known : key;
}

function earlier(known: string | undefined, key: string): string {
  return known !== undefined && known < key ? known : key;
}
