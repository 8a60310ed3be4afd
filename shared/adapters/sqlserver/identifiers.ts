import { createHash } from 'node:crypto';
import { fullKeyName, type Namespace, prefixed } from '../sql/namespace.ts';

/** Of UTF-16, as `sysname` counts. SQL Server refuses longer names. */
const longestName = 128;

/**
 * A name quoted for SQL, whatever QUOTED_IDENTIFIER is. Names over 128 characters keep their beginning and end in `~` and
 * eight digits of a hash, so that they stay apart.
 */
export function quoted(name: string): string {
  return `[${shortened(name).replaceAll(']', ']]')}]`;
}

/** The name as the catalog holds it. */
export function shortened(name: string): string {
  if (name === '' || name.includes('\0'))
    throw new RangeError('A database name must not be empty or hold NUL.');
  if (name.length <= longestName) return name;
  const mark = `~${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
  return name.slice(0, longestName - mark.length).replace(/[\uD800-\uDBFF]$/, '') + mark;
}

/** A text as a literal of SQL. */
export function literal(text: string): string {
  return `N'${text.replaceAll("'", "''")}'`;
}

/** The quoted full name of a table. */
export function tableName(namespace: Namespace, table: string): string {
  return `${quoted(namespace.schema)}.${quoted(prefixed(namespace, table))}`;
}

/**
 * The quoted name of a table's key. In double quotes, because some servers that speak T-SQL
 * read no doubled bracket; QUOTED_IDENTIFIER is on in every session of the driver.
 */
export function primaryKeyName(namespace: Namespace, table: string): string {
  return `"${keyName(namespace, table).replaceAll('"', '""')}"`;
}

/** The same as the catalog holds it. */
export function keyName(namespace: Namespace, table: string): string {
  return shortened(fullKeyName(namespace, table));
}
