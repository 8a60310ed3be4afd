import { badQuery } from '../errors.ts';
import type { Column } from '../schema/table.ts';
import { sortKey } from '../store/guid-order.ts';
import type { Filter, Literal } from './filter.ts';

/** One comparable value; guids compare in SQL Server's order, text without case, as the default collation does. */
export type Comparable = string | number | bigint;

const guidTypes: readonly string[] = ['uniqueidentifier', 'lookup', 'customer', 'owner'];
const numberTypes: readonly string[] = [
  'integer',
  'bigint',
  'decimal',
  'double',
  'money',
  'picklist',
  'state',
  'status',
];

/** What the stored JSON text of a column compares as; undefined is null. */
export function comparable(column: Column, raw: string | undefined): Comparable | undefined {
  if (raw === undefined || raw === 'null') return undefined;
  if (guidTypes.includes(column.type)) return sortKey(raw.slice(1, -1));
  if (numberTypes.includes(column.type)) return numeric(raw);
  if (column.type === 'boolean') return raw === 'true' ? 1 : 0;
  if (column.type === 'datetime') return Date.parse(raw.slice(1, -1));
  return String(JSON.parse(raw)).toLowerCase();
}

function numeric(text: string): number | bigint {
  return /^-?\d{16,}$/.test(text) ? BigInt(text) : Number(text);
}

function literalValue(column: Column, literal: NonNullable<Literal>): Comparable {
  const { kind, text } = literal;
  const wrong = () =>
    badQuery(
      `A binary operator with incompatible types was detected. Property '${column.property}' cannot be compared with '${text.slice(0, 60)}'.`,
    );
  if (guidTypes.includes(column.type)) {
    if (kind !== 'guid') throw wrong();
    return sortKey(text);
  }
  if (numberTypes.includes(column.type)) {
    if (kind !== 'number') throw wrong();
    return numeric(text);
  }
  if (column.type === 'boolean') {
    if (kind !== 'boolean') throw wrong();
    return text === 'true' ? 1 : 0;
  }
  if (column.type === 'datetime') {
    const time = Date.parse(text);
    if (kind !== 'date' || Number.isNaN(time)) throw wrong();
    return time;
  }
  if (kind !== 'string') throw wrong();
  return text.toLowerCase();
}

/** Compiles the filter once; the result is asked for each row with a function that gives a property's JSON text. */
export function matcher(
  filter: Filter,
  columns: Map<string, Column>,
): (raw: (property: string) => string | undefined) => boolean {
  if ('parts' in filter) {
    const parts = filter.parts.map((part) => matcher(part, columns));
    return filter.op === 'and'
      ? (raw) => parts.every((part) => part(raw))
      : (raw) => parts.some((part) => part(raw));
  }
  if (filter.op === 'not') {
    const part = matcher(filter.part, columns);
    return (raw) => !part(raw);
  }
  if (filter.op === 'any') throw badQuery('The query with any is not resolved.');
  const { op, property } = filter;
  const column = columns.get(property);
  if (!column) throw badQuery(`Could not find a property named '${property}'.`);
  if (op === 'in') return (raw) => filter.keys.has(String(comparable(column, raw(property))));
  const { value } = filter;
  if (value === null) {
    const isNull = op === 'eq';
    return (raw) => (comparable(column, raw(property)) === undefined) === isNull;
  }
  const wanted = literalValue(column, value);
  return (raw) => {
    const have = comparable(column, raw(property));
    if (have === undefined) return op === 'ne';
    if (op === 'contains') return String(have).includes(String(wanted));
    if (op === 'startswith') return String(have).startsWith(String(wanted));
    if (op === 'endswith') return String(have).endsWith(String(wanted));
    if (op === 'eq')
      return have === wanted || (typeof have !== typeof wanted && String(have) === String(wanted));
    if (op === 'ne') return have !== wanted;
    if (op === 'gt') return have > wanted;
    if (op === 'ge') return have >= wanted;
    return op === 'lt' ? have < wanted : have <= wanted;
  };
}
