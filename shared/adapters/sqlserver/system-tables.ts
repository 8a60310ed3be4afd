import { globalOptionNeeds, metadataTables } from '../../schema/metadata-tables.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { ExistingTable } from '../../schema/table-differences.ts';
import type { Namespace } from '../sql/namespace.ts';
import { quoted, tableName } from './identifiers.ts';
import { metadataColumns } from './metadata-tables.ts';

const systemColumns: Readonly<Record<keyof typeof systemTables, string>> = {
  checkpoint: `[TableName] nvarchar(128) NOT NULL PRIMARY KEY CLUSTERED, [ProfileId] uniqueidentifier NOT NULL,
    [Activation] int NOT NULL, [Epoch] bigint NOT NULL, [Sequence] bigint NOT NULL, [Phase] nvarchar(16) NOT NULL,
    [Link] nvarchar(max) NULL, [Ranges] nvarchar(max) NULL, [DeltaLink] nvarchar(max) NULL, [LoadStartedAt] nvarchar(30) NULL, [NeedsSweep] bit NOT NULL,
    [RowsExpected] bigint NULL, [RowsLoaded] bigint NOT NULL, [PageInPass] int NOT NULL, [SuccessCount] bigint NOT NULL,
    [FailureCount] bigint NOT NULL, [Columns] nvarchar(max) NULL, [Refill] nvarchar(max) NULL, [LastWrittenAt] datetime2(3) NULL, [IsResync] bit NULL`,
  rejectedRow: `[TableName] nvarchar(128) NOT NULL, [RecordId] uniqueidentifier NOT NULL, [Version] decimal(38,0) NOT NULL,
    [ChangeType] nvarchar(32) NOT NULL, [NoticedAt] datetime2(3) NOT NULL, [Attempts] int NOT NULL,
    [NextAttemptAt] datetime2(3) NOT NULL, [Code] nvarchar(64) NOT NULL, [Reason] nvarchar(max) NOT NULL, [IsResync] bit NULL,
    [GivenUpAt] datetime2(3) NULL, PRIMARY KEY CLUSTERED ([TableName], [RecordId])`,
  deleteLog: `[Id] bigint IDENTITY(1,1) NOT NULL PRIMARY KEY CLUSTERED, [EntityName] nvarchar(64) NOT NULL,
    [RecordId] nvarchar(64) NOT NULL, [SinkDeleteTime] datetime NOT NULL, [VersionNumber] bigint NOT NULL`,
  metadataMark: '[TableName] nvarchar(128) NOT NULL PRIMARY KEY CLUSTERED, [Mark] nvarchar(64) NULL',
  globalOptionNeed: metadataColumns(globalOptionNeeds),
  optionSet: metadataColumns(metadataTables.optionSet),
  globalOptionSet: metadataColumns(metadataTables.globalOptionSet),
  state: metadataColumns(metadataTables.state),
  status: metadataColumns(metadataTables.status),
  target: metadataColumns(metadataTables.target),
  attribute: metadataColumns(metadataTables.attribute),
};

/** Columns that the tables of an older version lack: there is none yet. All can be added to a table with rows. */
const laterColumns: Readonly<
  Partial<Record<keyof typeof systemTables, readonly (readonly [string, string])[]>>
> = {};

/** Names of a system table's columns: those that it was made with, and those that can be added. */
export function systemColumnNames(key: keyof typeof systemTables): {
  readonly first: ReadonlySet<string>;
  readonly later: readonly string[];
} {
  const names = [...systemColumns[key].matchAll(/\[(\w+)\]/g)].map(([, name = '']) => name);
  return { first: new Set(names), later: (laterColumns[key] ?? []).map(([name]) => name) };
}

/** One statement a column: real servers take several at once, others that speak T-SQL do not. */
export const addColumn = (table: string, name: string, type: string) =>
  `ALTER TABLE ${table} ADD ${quoted(name)} ${type} NULL`;

/** The statements that make a system table. */
export function createSystemTable(namespace: Namespace, key: keyof typeof systemTables): string {
  const table = systemTables[key];
  const name = tableName(namespace, table);
  const added = (laterColumns[key] ?? []).map(([column, type]) => `, ${quoted(column)} ${type} NULL`);
  const statement = `CREATE TABLE ${name} (${systemColumns[key]}${added.join('')})`;
  if (key !== 'rejectedRow') return statement;
  // Of the rejected rows only those are looked for that were not given up, and of these there are few.
  return `${statement}; CREATE INDEX [IX_NextAttemptAt] ON ${name} ([TableName], [NextAttemptAt]) WHERE [GivenUpAt] IS NULL`;
}

/** The statements that a system table needs. */
export function systemTableChange(
  namespace: Namespace,
  key: keyof typeof systemTables,
  existing: ExistingTable | undefined,
): readonly string[] {
  if (existing === undefined) return [createSystemTable(namespace, key)];
  const name = tableName(namespace, systemTables[key]);
  const present = new Set(existing.columns.map((column) => column.name));
  const missing = (laterColumns[key] ?? []).filter(([column]) => !present.has(column));
  return missing.map(([column, type]) => addColumn(name, column, type));
}
