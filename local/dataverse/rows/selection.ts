import { badQuery, unknownProperty } from '../errors.ts';
import type { Schema } from '../schema/schema.ts';
import type { Column, Table } from '../schema/table.ts';

/** The members that a row of an answer has. `list` is the part of the context URL in parentheses, if there is one. */
export type Selection = { columns: Column[]; list: string };

const cache = new WeakMap<Schema, Map<string, Selection>>();

/**
 * What `$select` stands for. The primary key is always among the members, and so is the currency when a money column is
 * asked for. Without `$select`: everything that can be read.
 */
export function selection(schema: Schema, table: Table, select: string | null): Selection {
  const key = `${schema.revision()} ${table.name} ${select}`;
  const known = cache.get(schema) ?? new Map<string, Selection>();
  cache.set(schema, known);
  const found = known.get(key);
  if (found) return found;
  if (known.size > 500) known.clear();
  const made = resolve(schema, table, select);
  known.set(key, made);
  return made;
}

function resolve(schema: Schema, table: Table, select: string | null): Selection {
  const { byProperty, inRows } = schema.shape(table);
  if (select === null || select === '*') return { columns: inRows, list: '' };
  const names = select.split(',').map((name) => name.trim());
  const columns = new Set<Column>();
  for (const name of names) {
    const column = byProperty.get(name);
    if (!column || !inRows.includes(column)) throw unknownProperty(name, table.name);
    columns.add(column);
  }
  if (names.length === 0) throw badQuery('The $select query option is empty.');
  const key = byProperty.get(table.id);
  const currency = byProperty.get('_transactioncurrencyid_value');
  if (currency && [...columns].some((column) => column.type === 'money')) columns.add(currency);
  if (key) columns.add(key);
  return { columns: [...columns], list: `(${names.join(',')})` };
}
