import { ServiceError } from '../../errors.ts';
import { effectOf } from '../../model/table-difference.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { addedColumns, type TableStep } from '../../schema/compare-table.ts';
import { hadAnyOf } from '../../schema/fingerprint.ts';
import { conflictsAmong, differencesOf, type ServerNames } from '../../schema/table-differences.ts';
import { lockCheckpoint, restartCheckpoint } from './checkpoints.ts';
import { sqlServerType } from './column-types.ts';
import { runLong, type SessionPool } from './connection.ts';
import { isDependedOn } from './error-map.ts';
import { existingTable, spelledAs } from './existing-tables.ts';
import { keyName, type Namespace, prefixed, primaryKeyName, quoted, tableName } from './identifiers.ts';
import type { Session } from './session.ts';
import { addColumn, inDdlTransaction, systemTableChanges } from './system-tables.ts';

/** The statement that makes a table, in the shape of the old service's databases. */
export function createTable(namespace: Namespace, table: DestinationTable): string {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${sqlServerType(type)} NULL, `);
  return `CREATE TABLE ${tableName(namespace, table.name)} ([Id] uniqueidentifier NOT NULL, [SinkCreatedOn] datetime NULL, [SinkModifiedOn] datetime NULL,
    ${columns.join('')}CONSTRAINT ${primaryKeyName(namespace, table.name)} PRIMARY KEY CLUSTERED ([Id]))`;
}

/** How SQL Server names types and keys. */
export const serverNames = (namespace: Namespace): ServerNames => ({
  typeName: sqlServerType,
  keyName: (table) => keyName(namespace, table),
  spelledAs,
});

/** The statement of a step. Without NULL, which others that speak T-SQL refuse there: the column becomes nullable all the same. */
export function alterTable(namespace: Namespace, table: string, { kind, column }: TableStep): string {
  const name = tableName(namespace, table);
  const type = sqlServerType(column.type);
  if (kind === 'add-column') return addColumn(name, column.name, type);
  return `ALTER TABLE ${name} ALTER COLUMN ${quoted(column.name)} ${type}`;
}

async function applyStep(
  session: Session,
  namespace: Namespace,
  table: string,
  step: TableStep,
): Promise<string> {
  const statement = alterTable(namespace, table, step);
  const { name } = step.column;
  const type = sqlServerType(step.column.type);
  if (step.kind === 'add-column') {
    await session.batch(statement);
    return `column "${name}" added as ${type}`;
  }
  await session.batch('SAVE TRANSACTION [step]');
  try {
    // Another type of a number writes every row again.
    await runLong(session, statement);
    return `column "${name}" widened to ${type}`;
  } catch (error) {
    // Views and indexes are the customer's: the column stays, rows that fit go on, and the others say why they do not.
    if (!isDependedOn(error)) throw error;
    await session.batch('ROLLBACK TRANSACTION [step]');
    return `column "${name}" not widened to ${type}: a view, index or constraint uses it`;
  }
}

interface TablePlan {
  readonly isMissing: boolean;
  readonly steps: readonly TableStep[];
}

async function planOf(
  session: Session,
  namespace: Namespace,
  table: DestinationTable,
  shown: string,
): Promise<TablePlan | undefined> {
  const existing = await existingTable(session, namespace, table.name);
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
  pool: SessionPool,
  namespace: Namespace,
  table: DestinationTable,
): Promise<{ readonly changes: readonly string[] }> {
  const { name } = table;
  const shown = `table "${prefixed(namespace, name)}"`;
  const done = await inDdlTransaction(
    pool,
    namespace,
    `make or alter ${shown}`,
    (session) => planOf(session, namespace, table, shown),
    async (session, { isMissing, steps }) => {
      for (const change of await systemTableChanges(session, namespace, ['checkpoint']))
        await session.batch(change);
      // Locked before the table, in the order of a page's write.
      const checkpoint = await lockCheckpoint(session, namespace, name);
      const changes = isMissing ? [`${shown} created`] : [];
      if (isMissing) await session.batch(createTable(namespace, table));
      for (const step of steps) changes.push(await applyStep(session, namespace, name, step));
      const isColumnLost = hadAnyOf(checkpoint?.shape, addedColumns(steps));
      if (checkpoint !== undefined && (isMissing || isColumnLost))
        await restartCheckpoint(session, namespace, name, isColumnLost);
      return { changes };
    },
  );
  return done ?? { changes: [] };
}
