import { DatabaseError, type PoolClient } from 'pg';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { TableStep } from '../../schema/compare-table.ts';
import type { TableRules } from '../../schema/table-findings.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { TableStatements } from '../sql/statements.ts';
import { postgresType } from './column-types.ts';
import { runLong } from './connection.ts';
import { existingTables } from './existing-tables.ts';
import { keyName, primaryKeyName, quoted, shortened, tableName } from './identifiers.ts';
import { rowLimits } from './row-limits.ts';
import { systemColumnNames, systemTableChange } from './system-tables.ts';

function createTable(namespace: Namespace, table: DestinationTable): string {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${postgresType(type)}`);
  return `CREATE TABLE ${tableName(namespace, table.name)} ("Id" uuid NOT NULL, "SinkCreatedOn" timestamp, "SinkModifiedOn" timestamp,
    ${columns.map((column) => `${column}, `).join('')}CONSTRAINT ${primaryKeyName(namespace, table.name)} PRIMARY KEY ("Id"))`;
}

/** It tells names apart by case. */
const rulesOf = (namespace: Namespace): TableRules => ({
  server: 'PostgreSQL',
  mostColumns: `${rowLimits.columns}, dropped ones included`,
  limits: rowLimits,
  notOwned: 'the login does not own it',
  names: {
    typeName: postgresType,
    keyName: (table) => keyName(namespace, table),
    spelledAs: (columns) => columns,
  },
  systemColumnNames,
});

async function alter(client: PoolClient, table: string, { kind, column }: TableStep): Promise<string> {
  const target = `${table} ${kind === 'add-column' ? 'ADD' : 'ALTER'} COLUMN ${quoted(column.name)}`;
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

/** Tables in PostgreSQL. */
export function tableStatements(client: PoolClient, namespace: Namespace): TableStatements {
  const { schema, prefix } = namespace;
  return {
    rules: rulesOf(namespace),
    named: (table) => tableName(namespace, table),
    existing: (tables) => existingTables(client, namespace, tables),
    async lockNamespace(what) {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `dataverse-export ${what === 'metadata' ? 'metadata ' : ''}${schema} ${prefix}`,
      ]);
    },
    async makeSchema() {
      const found = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [shortened(schema)]);
      if (found.rowCount === 0) await client.query(`CREATE SCHEMA ${quoted(schema)}`);
    },
    async create(table) {
      await client.query(createTable(namespace, table));
    },
    alter: (table, step) => alter(client, tableName(namespace, table), step),
    systemTableChanges: (key, existing) => systemTableChange(namespace, key, existing),
    async run(statements) {
      if (statements.length > 0) await client.query(statements.join(';'));
    },
  };
}
