import { createHash } from 'node:crypto';
import { fullKeyName, type Namespace, prefixed } from '../sql/namespace.ts';

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

/** The quoted full name of a table. */
export function tableName(namespace: Namespace, table: string): string {
  return `${quoted(namespace.schema)}.${quoted(prefixed(namespace, table))}`;
}

/** The quoted name of a table's key. */
export function primaryKeyName(namespace: Namespace, table: string): string {
  return quoted(keyName(namespace, table));
}

/** The same as the catalog holds it. */
export function keyName(namespace: Namespace, table: string): string {
  return shortened(fullKeyName(namespace, table));
}

/** The quoted name of the index of rejected rows that are due. */
export function dueIndexName(namespace: Namespace, table: string): string {
  return quoted(`IX[${namespace.schema}].[${prefixed(namespace, table)}]`);
}
