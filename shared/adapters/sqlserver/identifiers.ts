import { createHash } from 'node:crypto';
import { prefixedName } from '../../schema/system-tables.ts';

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

/**
 * DES: the brackets and the schema are part of the constraint's name. In double quotes, because some servers that speak T-SQL
 * read no doubled bracket; QUOTED_IDENTIFIER is on in every session of the driver.
 */
export function primaryKeyName(namespace: Namespace, table: string): string {
  const name = shortened(`EPK[${namespace.schema}].[${prefixed(namespace, table)}]`);
  return `"${name.replaceAll('"', '""')}"`;
}
