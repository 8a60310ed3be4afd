import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { ServiceError } from '../../errors.ts';
import { effectOf } from '../../model/table-difference.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { addedColumns, type TableStep } from '../../schema/compare-table.ts';
import { hadAnyOf } from '../../schema/fingerprint.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { conflictsAmong, differencesOf, type ServerNames } from '../../schema/table-differences.ts';
import { lockCheckpoint, restartCheckpoint } from './checkpoints.ts';
import { postgresType } from './column-types.ts';
import { inTransaction, runLong } from './connection.ts';
import { existingTable } from './existing-tables.ts';
import {
  keyName,
  type Namespace,
  prefixed,
  primaryKeyName,
  quoted,
  shortened,
  tableName,
} from './identifiers.ts';
import { systemTableChanges } from './system-tables.ts';

/**
 * Applies what `plan` finds to be missing, in a transaction that no other DDL of the same namespace runs beside: two workers
 * may ask for one table. Where nothing is missing nobody is waited for.
 */
function inDdlTransaction<Plan, T>(
  pool: Pool,
  namespace: Namespace,
  doing: string,
  plan: (client: PoolClient) => Promise<Plan | undefined>,
  apply: (client: PoolClient, plan: Plan) => Promise<T>,
): Promise<T | undefined> {
  return inTransaction(pool, doing, async (client) => {
    if ((await plan(client)) === undefined) return undefined;
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `dataverse-export ${namespace.schema} ${namespace.prefix}`,
    ]);
    const current = await plan(client);
    if (current === undefined) return undefined;
    const schema = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [
      shortened(namespace.schema),
    ]);
    if (schema.rowCount === 0) await client.query(`CREATE SCHEMA ${quoted(namespace.schema)}`);
    return apply(client, current);
  });
}

/** Makes the tables that replication keeps beside the data, and the columns that older versions did not have. */
export async function ensureSystemTables(
  pool: Pool,
  namespace: Namespace,
  hasDeleteLog: boolean,
): Promise<void> {
  const keys = (Object.keys(systemTables) as (keyof typeof systemTables)[]).filter(
    (key) => key !== 'deleteLog' || hasDeleteLog,
  );
  await inDdlTransaction(
    pool,
    namespace,
    'make the system tables in the destination',
    async (client) => {
      const statements = await systemTableChanges(client, namespace, keys);
      return statements.length === 0 ? undefined : statements;
    },
    (client, statements) => client.query(statements.join(';')),
  );
}

function createTable(namespace: Namespace, table: DestinationTable): string {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${postgresType(type)}`);
  return `CREATE TABLE ${tableName(namespace, table.name)} ("Id" uuid NOT NULL, "SinkCreatedOn" timestamp, "SinkModifiedOn" timestamp,
    ${columns.map((column) => `${column}, `).join('')}CONSTRAINT ${primaryKeyName(namespace, table.name)} PRIMARY KEY ("Id"))`;
}

/** How PostgreSQL names types and keys; it tells names apart by case. */
export const serverNames = (namespace: Namespace): ServerNames => ({
  typeName: postgresType,
  keyName: (table) => keyName(namespace, table),
  spelledAs: (columns) => columns,
});

async function applyStep(
  client: PoolClient,
  namespace: Namespace,
  table: string,
  { kind, column }: TableStep,
): Promise<string> {
  const target = `${tableName(namespace, table)} ${kind === 'add-column' ? 'ADD' : 'ALTER'} COLUMN ${quoted(column.name)}`;
  const type = postgresType(column.type);
  if (kind === 'add-column') {
    await client.query(`ALTER TABLE ${target} ${type}`);
    return `column "${column.name}" added as ${type}`;
  }
  try {
    // Another scale of a decimal writes every row again.
    await runLong(client, `SAVEPOINT step; ALTER TABLE ${target} TYPE ${type}; RELEASE SAVEPOINT step`);
    return `column "${column.name}" widened to ${type}`;
  } catch (error) {
    // Views are the customer's: the column stays, rows that fit go on, and the others say why they do not.
    if (!(error instanceof DatabaseError) || error.code !== '0A000') throw error;
    await client.query('ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step');
    return `column "${column.name}" not widened to ${type}: a view or rule uses it`;
  }
}

interface TablePlan {
  readonly isMissing: boolean;
  readonly steps: readonly TableStep[];
}

async function planOf(
  client: PoolClient,
  namespace: Namespace,
  table: DestinationTable,
  shown: string,
): Promise<TablePlan | undefined> {
  const existing = await existingTable(client, namespace, table.name);
  const { differences, steps } = differencesOf(existing, table, serverNames(namespace));
  const conflicts = conflictsAmong(differences);
  // DES: the old service could adopt no table, and said so in the words at the end.
  if (conflicts.length > 0)
    throw new ServiceError(
      'DESTINATION_TABLE_CONFLICT',
      `Cannot use ${shown}: ${conflicts.join('; ')}. There is already an object named '${prefixed(namespace, table.name)}' in the database.`,
    );
  return differences.some((each) => effectOf(each) === 'change')
    ? { isMissing: existing === undefined, steps }
    : undefined;
}

/** The port's `ensureTable`. `DESTINATION_TABLE_CONFLICT` with all conflicts when the table cannot be used. */
export async function ensureTable(
  pool: Pool,
  namespace: Namespace,
  table: DestinationTable,
): Promise<{ readonly changes: readonly string[] }> {
  const { name } = table;
  const shown = `table "${prefixed(namespace, name)}"`;
  const done = await inDdlTransaction(
    pool,
    namespace,
    `make or alter ${shown}`,
    (client) => planOf(client, namespace, table, shown),
    async (client, { isMissing, steps }) => {
      for (const change of await systemTableChanges(client, namespace, ['checkpoint']))
        await client.query(change);
      // Locked before the table, in the order of a page's write.
      const checkpoint = await lockCheckpoint(client, namespace, name);
      const changes = isMissing ? [`${shown} created`] : [];
      if (isMissing) await client.query(createTable(namespace, table));
      for (const step of steps) changes.push(await applyStep(client, namespace, name, step));
      const isColumnLost = hadAnyOf(checkpoint?.shape, addedColumns(steps));
      if (checkpoint !== undefined && (isMissing || isColumnLost))
        await restartCheckpoint(client, namespace, name, isColumnLost);
      return { changes };
    },
  );
  return done ?? { changes: [] };
}
