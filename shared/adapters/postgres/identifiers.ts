import { createHash } from 'node:crypto';
import { prefixedName } from '../../schema/system-tables.ts';

/** PostgreSQL cuts longer names silently, and then two of them can be one. */
const longestNameBytes = 63;

/**
 * A name quoted for SQL. Names over 63 bytes keep their beginning and end in `~` and eight digits of a hash, so that they stay
 * apart.
 */
export function quoted(name: string): string {
  return `"${shortened(name).replaceAll('"', '""')}"`;
}

/** The name as the catalog holds it. */
export function shortened(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new RangeError('A database name must not be empty or hold NUL.');
  const bytes = Buffer.from(name);
  if (bytes.length <= longestNameBytes) return name;
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
  const start = bytes.subarray(0, longestNameBytes - mark.length).toString('utf8');
  return start.replace(/\uFFFD+$/, '') + mark;
}

/** Where a profile's tables live: a schema, and a prefix in front of every table name. */
export interface Namespace {
  readonly schema: string;
  readonly prefix: string;
}

/** The name of a table with the prefix in front, without the schema. */
export function prefixed({ prefix }: Namespace, table: string): string {
  return prefixedName(prefix, table);
}

/** The quoted full name of a table. */
export function tableName(namespace: Namespace, table: string): string {
  return `${quoted(namespace.schema)}.${quoted(prefixed(namespace, table))}`;
}

/** DES: the brackets and the schema are part of the constraint's name. */
export function primaryKeyName(namespace: Namespace, table: string): string {
  return quoted(keyName(namespace, table));
}

/** The same as the catalog holds it. */
export function keyName(namespace: Namespace, table: string): string {
  return shortened(`EPK[${namespace.schema}].[${prefixed(namespace, table)}]`);
}

/** The quoted name of the index of rejected rows that are due. */
export function dueIndexName(namespace: Namespace, table: string): string {
  return quoted(`IX[${namespace.schema}].[${prefixed(namespace, table)}]`);
}
