import { globalOptionNeeds, metadataTables } from '../../schema/metadata-tables.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { ExistingTable } from '../../schema/table-differences.ts';
import type { Namespace } from '../sql/namespace.ts';
import { dueIndexName, quoted, tableName } from './identifiers.ts';
import { metadataColumns } from './metadata-tables.ts';

const systemColumns: Readonly<Record<keyof typeof systemTables, string>> = {
  checkpoint: `"TableName" varchar(128) PRIMARY KEY, "ProfileId" uuid NOT NULL, "Activation" integer NOT NULL,
    "Epoch" bigint NOT NULL, "Sequence" bigint NOT NULL, "Phase" varchar(16) NOT NULL, "Link" text, "DeltaLink" text,
    "LoadStartedAt" varchar(30), "NeedsSweep" boolean NOT NULL, "RowsExpected" bigint, "RowsLoaded" bigint NOT NULL,
    "PageInPass" integer NOT NULL,
    "SuccessCount" bigint NOT NULL, "FailureCount" bigint NOT NULL`,
  rejectedRow: `"TableName" varchar(128), "RecordId" uuid, "Version" numeric(38,0) NOT NULL, "ChangeType" varchar(32) NOT NULL,
    "NoticedAt" timestamp NOT NULL, "Attempts" integer NOT NULL, "NextAttemptAt" timestamp NOT NULL,
    "Code" varchar(64) NOT NULL, "Reason" text NOT NULL, PRIMARY KEY ("TableName", "RecordId")`,
  deleteLog: `"Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "EntityName" varchar(64) NOT NULL,
    "RecordId" varchar(64) NOT NULL, "SinkDeleteTime" timestamp NOT NULL, "VersionNumber" bigint NOT NULL`,
  metadataMark: `"TableName" varchar(128) PRIMARY KEY, "Mark" varchar(64)`,
  globalOptionNeed: metadataColumns(globalOptionNeeds),
  optionSet: metadataColumns(metadataTables.optionSet),
  globalOptionSet: metadataColumns(metadataTables.globalOptionSet),
  state: metadataColumns(metadataTables.state),
  status: metadataColumns(metadataTables.status),
  target: metadataColumns(metadataTables.target),
  attribute: metadataColumns(metadataTables.attribute),
};

/** Columns that the first version's tables lack. All can be added to a table with rows. */
const laterColumns: Readonly<
  Partial<Record<keyof typeof systemTables, readonly (readonly [string, string])[]>>
> = {
  checkpoint: [
    ['LastWrittenAt', 'timestamp'],
    ['IsResync', 'boolean'],
    ['Ranges', 'text'],
    ['Columns', 'text'],
    ['Refill', 'text'],
  ],
  rejectedRow: [
    ['IsResync', 'boolean'],
    ['GivenUpAt', 'timestamp'],
  ],
};

/** Of the rejected rows only those are looked for that were not given up, and of these there are few. */
const dueRows = (namespace: Namespace, table: string) =>
  `CREATE INDEX IF NOT EXISTS ${dueIndexName(namespace, table)} ON ${tableName(namespace, table)} ("TableName", "NextAttemptAt")
   WHERE "GivenUpAt" IS NULL`;

/** Names of a system table's columns: those that it was made with, and those that can be added. */
export function systemColumnNames(key: keyof typeof systemTables): {
  readonly first: ReadonlySet<string>;
  readonly later: readonly string[];
} {
  const names = [...systemColumns[key].matchAll(/"(\w+)"/g)].map(([, name = '']) => name);
  return { first: new Set(names), later: (laterColumns[key] ?? []).map(([name]) => name) };
}

/** The statement that a system table needs, if any. */
export function systemTableChange(
  namespace: Namespace,
  key: keyof typeof systemTables,
  existing: ExistingTable | undefined,
): readonly string[] {
  const name = tableName(namespace, systemTables[key]);
  const present = new Set(existing?.columns.map((column) => column.name));
  const missing = (laterColumns[key] ?? []).filter(([column]) => !present.has(column));
  const columns = missing.map(([column, type]) => `${quoted(column)} ${type}`);
  if (existing !== undefined && columns.length === 0) return [];
  const statement =
    existing === undefined
      ? `CREATE TABLE ${name} (${[systemColumns[key], ...columns].join(', ')})`
      : `ALTER TABLE ${name} ${columns.map((column) => `ADD COLUMN ${column}`).join(', ')}`;
  return [key === 'rejectedRow' ? `${statement}; ${dueRows(namespace, systemTables[key])}` : statement];
}
