import type { ClientBase } from 'pg';
import { systemTables } from '../../schema/system-tables.ts';
import { type Namespace, tableName } from './identifiers.ts';

/** The port's `owners`. */
export async function readOwners(
  client: ClientBase,
  namespace: Namespace,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const name = tableName(namespace, systemTables.checkpoint);
  const known = await client.query<{ isMissing: boolean }>('SELECT to_regclass($1) IS NULL AS "isMissing"', [
    name,
  ]);
  if (known.rows[0]?.isMissing) return new Map();
  const { rows } = await client.query<{ TableName: string; ProfileId: string }>(
    `SELECT "TableName", "ProfileId" FROM ${name} WHERE "TableName" = ANY($1)`,
    [tables],
  );
  return new Map(rows.map(({ TableName, ProfileId }) => [TableName, ProfileId]));
}
