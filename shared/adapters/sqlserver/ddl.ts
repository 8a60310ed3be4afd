import { ServiceError } from '../../errors.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { TableStep } from '../../schema/compare-table.ts';
import type { TableRules } from '../../schema/table-findings.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { TableStatements } from '../sql/statements.ts';
import { sqlServerType } from './column-types.ts';
import { runLong } from './connection.ts';
import { isDependedOn } from './error-map.ts';
import { existingTables, spelledAs } from './existing-tables.ts';
import { keyName, primaryKeyName, quoted, shortened, tableName } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import { type Session, sql } from './session.ts';
import { addColumn, systemColumnNames, systemTableChange } from './system-tables.ts';

/** The statement that makes a table, in the shape of the old service's databases. */
export function createTable(namespace: Namespace, table: DestinationTable): string {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${sqlServerType(type)} NULL, `);
  return `CREATE TABLE ${tableName(namespace, table.name)} ([Id] uniqueidentifier NOT NULL, [SinkCreatedOn] datetime NULL, [SinkModifiedOn] datetime NULL,
    ${columns.join('')}CONSTRAINT ${primaryKeyName(namespace, table.name)} PRIMARY KEY CLUSTERED ([Id]))`;
}

const rulesOf = (namespace: Namespace): TableRules => ({
  server: 'SQL Server',
  mostColumns: `${rowLimits.columns}`,
  limits: rowLimits,
  notOwned: 'the login lacks ALTER on it',
  names: { typeName: sqlServerType, keyName: (table) => keyName(namespace, table), spelledAs },
  systemColumnNames,
});

async function alter(session: Session, table: string, { kind, column }: TableStep): Promise<string> {
  const { name } = column;
  const type = sqlServerType(column.type);
  if (kind === 'add-column') {
    await session.batch(addColumn(table, name, type));
    return `column "${name}" added as ${type}`;
  }
  await session.batch('SAVE TRANSACTION [step]');
  try {
    // Another type of a number writes every row again. Without NULL, which others that speak T-SQL refuse there: the column
    // becomes nullable all the same.
    await runLong(session, `ALTER TABLE ${table} ALTER COLUMN ${quoted(name)} ${type}`);
    return `column "${name}" widened to ${type}`;
  } catch (error) {
    // Views and indexes are the customer's: the column stays, rows that fit go on, and the others say why they do not.
    if (!isDependedOn(error)) throw error;
    await session.batch('ROLLBACK TRANSACTION [step]');
    return `column "${name}" not widened to ${type}: a view, index or constraint uses it`;
  }
}

/** How long others that do the same in the namespace are waited for, in milliseconds. */
const lockMilliseconds = 30_000;

/** Tables in SQL Server. */
export function tableStatements(session: Session, namespace: Namespace): TableStatements {
  const { schema, prefix } = namespace;
  return {
    rules: rulesOf(namespace),
    named: (table) => tableName(namespace, table),
    existing: (tables) => existingTables(session, namespace, tables),
    async lockNamespace(what, doing) {
      const { rows } = await session.query<{ result: number }>(
        `DECLARE @result int; EXEC @result = sp_getapplock @Resource = @resource, @LockMode = N'Exclusive',
       @LockOwner = N'Transaction', @LockTimeout = ${lockMilliseconds}; SELECT @result AS [result]`,
        // A resource's name is of 255 characters at most.
        [sql.text('resource', shortened(`dataverse-export ${what} ${schema} ${prefix}`))],
      );
      if ((rows[0]?.result ?? -1) < 0)
        throw new ServiceError(
          'DESTINATION_BUSY',
          `Cannot ${doing}: other ${what} of the same schema are being written.`,
        );
    },
    async makeSchema() {
      const found = await session.query('SELECT 1 AS [one] FROM sys.schemas WHERE [name] = @schema', [
        sql.text('schema', shortened(schema)),
      ]);
      if (found.rows.length === 0) await session.batch(`CREATE SCHEMA ${quoted(schema)}`);
    },
    async create(table) {
      await session.batch(createTable(namespace, table));
    },
    alter: (table, step) => alter(session, tableName(namespace, table), step),
    systemTableChanges: (key, existing) => systemTableChange(namespace, key, existing),
    async run(statements) {
      for (const statement of statements) await session.batch(statement);
    },
  };
}
