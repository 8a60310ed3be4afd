import { ServiceError } from '../../errors.ts';
import { effectOf } from '../../model/table-difference.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { addedColumns, type TableStep } from '../../schema/compare-table.ts';
import { hadAnyOf } from '../../schema/fingerprint.ts';
import { metadataTables } from '../../schema/metadata-tables.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { conflictsAmong, differencesOf, type ExistingTable } from '../../schema/table-differences.ts';
import { restartCheckpoint } from './checkpoints.ts';
import type { InTransaction } from './dialect.ts';
import { type Namespace, prefixed } from './namespace.ts';
import type { Statements, TableStatements } from './statements.ts';

type SystemTableKey = keyof typeof systemTables;

/**
 * Applies what `plan` finds to be missing, in a transaction that no other DDL of the same namespace runs beside: two workers
 * may ask for one table. Where nothing is missing nobody is waited for.
 */
function inDdlTransaction<Plan, T>(
  inTransaction: InTransaction,
  doing: string,
  plan: (tables: TableStatements) => Promise<Plan | undefined>,
  apply: (statements: Statements, plan: Plan) => Promise<T>,
): Promise<T | undefined> {
  return inTransaction(doing, async (statements) => {
    const { tables } = statements;
    if ((await plan(tables)) === undefined) return undefined;
    await tables.lockNamespace('tables', doing);
    const current = await plan(tables);
    if (current === undefined) return undefined;
    return apply(statements, current);
  });
}

/** What the system tables lack. A metadata table that has to be made is empty: the marks of what it held go with it. */
function systemTableChanges(
  tables: TableStatements,
  keys: readonly SystemTableKey[],
  existing: ReadonlyMap<string, ExistingTable>,
): readonly string[] {
  const statements = keys.flatMap((key) => tables.systemTableChanges(key, existing.get(systemTables[key])));
  const isEmpty = keys.some((key) => key in metadataTables && !existing.has(systemTables[key]));
  const marks = tables.named(systemTables.metadataMark);
  return isEmpty ? [...statements, `DELETE FROM ${marks}`] : statements;
}

/** Makes the tables that replication keeps beside the data, and the columns that older versions did not have. */
export async function ensureSystemTables(inTransaction: InTransaction, hasDeleteLog: boolean): Promise<void> {
  const keys = (Object.keys(systemTables) as SystemTableKey[]).filter(
    (key) => key !== 'deleteLog' || hasDeleteLog,
  );
  await inDdlTransaction(
    inTransaction,
    'make the system tables in the destination',
    async (tables) => {
      const existing = await tables.existing(keys.map((key) => systemTables[key]));
      const changes = systemTableChanges(tables, keys, existing);
      return changes.length === 0 ? undefined : changes;
    },
    async ({ tables }, changes) => {
      await tables.makeSchema();
      await tables.run(changes);
    },
  );
}

interface TablePlan {
  readonly isMissing: boolean;
  /** The table of checkpoints, which is locked before, may have been dropped. */
  readonly checkpointChanges: readonly string[];
  readonly steps: readonly TableStep[];
}

async function planOf(
  tables: TableStatements,
  table: DestinationTable,
  storedName: string,
): Promise<TablePlan | undefined> {
  const found = await tables.existing([table.name, systemTables.checkpoint]);
  const existing = found.get(table.name);
  const { differences, steps } = differencesOf(existing, table, tables.rules.names);
  const conflicts = conflictsAmong(differences);
  // DES: the old service could adopt no table, and said so in the words at the end.
  if (conflicts.length > 0)
    throw new ServiceError(
      'DESTINATION_TABLE_CONFLICT',
      `Cannot use table "${storedName}": ${conflicts.join('; ')}. There is already an object named '${storedName}' in the database.`,
    );
  return differences.some((each) => effectOf(each) === 'change')
    ? {
        isMissing: existing === undefined,
        steps,
        checkpointChanges: systemTableChanges(tables, ['checkpoint'], found),
      }
    : undefined;
}

/** The port's `ensureTable`. `DESTINATION_TABLE_CONFLICT` with all conflicts when the table cannot be used. */
export async function ensureTable(
  inTransaction: InTransaction,
  namespace: Namespace,
  table: DestinationTable,
): Promise<{ readonly changes: readonly string[] }> {
  const { name } = table;
  const storedName = prefixed(namespace, name);
  const done = await inDdlTransaction(
    inTransaction,
    `make or alter table "${storedName}"`,
    (tables) => planOf(tables, table, storedName),
    async (statements, { isMissing, steps, checkpointChanges }) => {
      const { checkpoints, tables } = statements;
      if (checkpointChanges.length > 0) await tables.makeSchema();
      await tables.run(checkpointChanges);
      // Locked before the table, in the order of a page's write.
      const checkpoint = await checkpoints.lock(name);
      const changes = isMissing ? [`table "${storedName}" created`] : [];
      if (isMissing) await tables.create(table);
      for (const step of steps) changes.push(await tables.alter(name, step));
      const isColumnLost = hadAnyOf(checkpoint?.shape, addedColumns(steps));
      if (checkpoint !== undefined && (isMissing || isColumnLost))
        await restartCheckpoint(statements, name, isColumnLost);
      return { changes };
    },
  );
  return done ?? { changes: [] };
}
