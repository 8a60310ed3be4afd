import type { ClientBase } from 'pg';
import type { ExistingTable } from '../../schema/table-differences.ts';
import { type Namespace, prefixed } from '../sql/namespace.ts';
import { typeFromCatalog } from './column-types.ts';
import { shortened } from './identifiers.ts';

interface Found {
  readonly name: string;
  readonly kind: string;
  readonly key: string | null;
  readonly owned: boolean;
  readonly missing: readonly string[];
  readonly count: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[] | null;
}

const query = `SELECT c.relname AS name, c.relkind AS kind, c.relnatts AS count, pg_has_role(c.relowner, 'USAGE') AS owned,
    ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
      WHERE NOT has_table_privilege(c.oid, p)) AS missing,
    (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indnkeyatts = 1 AND i.indpred IS NULL
        AND a.attname = 'Id' ORDER BY i.indisprimary DESC, x.relname LIMIT 1) AS key,
    (SELECT json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod)) ORDER BY attnum)
      FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = ANY($2)`;

const kinds: Readonly<Record<string, string>> = {
  r: 'a table',
  p: 'a table',
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
  S: 'a sequence',
  c: 'a type',
};

/** What exists of these tables, by their names without prefix, read from the catalog at once. */
export async function existingTables(
  client: Pick<ClientBase, 'query'>,
  namespace: Namespace,
  tables: readonly string[],
): Promise<ReadonlyMap<string, ExistingTable>> {
  const byStoredName = new Map(tables.map((table) => [shortened(prefixed(namespace, table)), table]));
  const { rows } = await client.query<Found>(query, [shortened(namespace.schema), [...byStoredName.keys()]]);
  return new Map(rows.map((row) => [byStoredName.get(row.name) ?? row.name, fromFound(row)]));
}

/** What exists of one table; undefined when nothing has the name. */
export async function existingTable(
  client: Pick<ClientBase, 'query'>,
  namespace: Namespace,
  table: string,
): Promise<ExistingTable | undefined> {
  return (await existingTables(client, namespace, [table])).get(table);
}

/** Whether anything has the name, a quoted full one. */
export async function isThere(client: Pick<ClientBase, 'query'>, name: string): Promise<boolean> {
  const found = await client.query<{ isThere: boolean }>('SELECT to_regclass($1) IS NOT NULL AS "isThere"', [
    name,
  ]);
  return found.rows[0]?.isThere === true;
}

function fromFound({ kind, key, owned, missing, count, columns }: Found): ExistingTable {
  return {
    isTable: kind === 'r' || kind === 'p',
    kind: kinds[kind] ?? 'an index',
    keyOnId: key ?? undefined,
    isOwned: owned,
    missingPrivileges: missing,
    columns: (columns ?? []).map(({ name, type }) => ({ name, type: typeFromCatalog(type), typeName: type })),
    columnCount: count,
  };
}
