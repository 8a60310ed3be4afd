import { prefixedName } from '../../schema/system-tables.ts';

/** Where a profile's tables live: a schema, and a prefix in front of every table name. */
export interface Namespace {
  readonly schema: string;
  readonly prefix: string;
}

/** The name of a table with the prefix in front, without the schema. */
export function prefixed({ prefix }: Namespace, table: string): string {
  return prefixedName(prefix, table);
}

/** DES: the brackets and the schema are part of the name of a table's key. */
export function fullKeyName(namespace: Namespace, table: string): string {
  return `EPK[${namespace.schema}].[${prefixed(namespace, table)}]`;
}
