import type { MetadataRow } from '../../model/table-metadata.ts';
import {
  columnsOf,
  globalOptionNeeds,
  type MetadataColumn,
  type MetadataTable,
  metadataTables,
} from '../../schema/metadata-tables.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { MetadataStatements } from '../sql/statements.ts';
import type { BulkColumn } from './bulk-types.ts';
import { sqlServerType } from './column-types.ts';
import { quoted, tableName } from './identifiers.ts';
import { stageRows } from './load-staging.ts';
import { type Session, sql } from './session.ts';

/** The columns and the key of a metadata table, as CREATE TABLE takes them. */
export function metadataColumns(table: MetadataTable): string {
  const columns = table.columns.map(
    ({ name, type, isNullable }) =>
      `${quoted(name)} ${sqlServerType(type)} ${isNullable ? 'NULL' : 'NOT NULL'}`,
  );
  return table.hasId
    ? `[Id] bigint IDENTITY(1,1) NOT NULL PRIMARY KEY CLUSTERED, ${columns.join(', ')}`
    : `${columns.join(', ')}, PRIMARY KEY CLUSTERED (${columnsOf(table, 'key').map(quoted).join(', ')})`;
}

const given = '#metadata';
const needed = '#needed';
const ordinal = { name: 'ordinal', type: 'int' } as const;

function stagedColumn({ name, type }: MetadataColumn): BulkColumn {
  switch (type.kind) {
    case 'text':
      return { name, type: 'text', ...(type.maxLength !== undefined && { length: type.maxLength }) };
    case 'integer':
      return { name, type: 'int' };
    case 'boolean':
      return { name, type: 'bit' };
    case 'bigint':
      return { name, type: 'decimal', scale: 0 };
    default:
      return { name, type: 'datetime' };
  }
}

/** Stages rows of a metadata table in place of those that were staged before. */
function stage(
  session: Session,
  name: string,
  { columns }: MetadataTable,
  rows: readonly MetadataRow[],
): Promise<void> {
  const values = (row: MetadataRow) =>
    columns.map((column) => {
      const value = row[column.name] ?? null;
      return column.type.kind === 'datetime' && value !== null ? Date.parse(String(value)) : value;
    });
  const staged = rows.map((row, index) => [index, ...values(row)]);
  return stageRows(session, name, [ordinal, ...columns.map(stagedColumn)], 'ordinal', staged);
}

const isSame = (one: string, other: string, names: readonly string[]) =>
  names.map((name) => `${one}.${quoted(name)} = ${other}.${quoted(name)}`).join(' AND ');
const isThere = (name: string, alias: string, condition: string) =>
  `EXISTS (SELECT 1 FROM ${name} AS ${alias} WHERE ${condition})`;

/** Whether a value differs; texts to the last character, whatever the collation says of case and spaces at the end. */
function differs({ name, type }: MetadataColumn): string {
  const [one, other] = ['t', 'g'].map((alias) => {
    const column = `${alias}.${quoted(name)}`;
    return type.kind === 'text' ? `CONVERT(varbinary(max), ${column})` : column;
  });
  return `${one} <> ${other} OR (t.${quoted(name)} IS NULL AND g.${quoted(name)} IS NOT NULL) OR (t.${quoted(name)} IS NOT NULL AND g.${quoted(name)} IS NULL)`;
}

/** Changes and adds the rows of `source`; how many. */
async function bringIn(
  session: Session,
  name: string,
  table: MetadataTable,
  source: string,
): Promise<number> {
  const keys = columnsOf(table, 'key');
  const written = table.columns.map((column) => column.name);
  const assigned = written
    .filter((column) => !keys.includes(column))
    .map((column) => `${quoted(column)} = g.${quoted(column)}`);
  const difference = table.columns.filter(({ role }) => role === 'value').map(differs);
  const { rowCount } = await session.query(
    `UPDATE t SET ${assigned.join(', ')} FROM ${name} AS t INNER JOIN ${source} AS g ON ${isSame('t', 'g', keys)}
     WHERE ${difference.join(' OR ')};
     INSERT INTO ${name} (${written.map(quoted).join(', ')})
     SELECT ${written.map((column) => `g.${quoted(column)}`).join(', ')} FROM ${source} AS g
     WHERE NOT ${isThere(name, 't', isSame('t', 'g', keys))};`,
  );
  return rowCount;
}

/** Brings the rows of one entity to those given; how many differed. */
async function followTable(
  session: Session,
  name: string,
  table: MetadataTable,
  entity: string,
  rows: readonly MetadataRow[],
): Promise<number> {
  await stage(session, given, table, rows);
  const { rowCount } = await session.query(
    `DELETE t FROM ${name} AS t WHERE t.[EntityName] = @entity
     AND NOT ${isThere(given, 'g', isSame('t', 'g', columnsOf(table, 'key')))}`,
    [sql.text('entity', entity)],
  );
  return rowCount + (await bringIn(session, name, table, given));
}

/** Metadata in SQL Server. */
export function metadataStatements(session: Session, namespace: Namespace): MetadataStatements {
  const named = (key: keyof typeof systemTables) => tableName(namespace, systemTables[key]);
  const [globals, needs, marks] = [
    named('globalOptionSet'),
    named('globalOptionNeed'),
    named('metadataMark'),
  ];
  return {
    async mark(table) {
      const { rows } = await session.query<{ Mark: string | null }>(
        `SELECT [Mark] FROM ${marks} WHERE [TableName] = @table`,
        [sql.text('table', table)],
      );
      return rows[0]?.Mark ?? undefined;
    },
    async noteMark(table, mark) {
      await session.query(
        `UPDATE ${marks} SET [Mark] = @mark WHERE [TableName] = @table;
       INSERT INTO ${marks} ([TableName], [Mark]) SELECT @table, @mark
       WHERE NOT ${isThere(marks, 'm', 'm.[TableName] = @table')};`,
        [sql.text('table', table), sql.text('mark', mark ?? null)],
      );
    },
    follow: (key, table, rows) => followTable(session, named(key), metadataTables[key], table, rows),
    async followGlobals({ table, rows }) {
      const before = await session.query<MetadataRow>(`SELECT * FROM ${needs} WHERE [EntityName] = @entity`, [
        sql.text('entity', table),
      ]);
      if (before.rows.length === 0 && rows.globalOptionSet.length === 0) return 0;
      await followTable(session, needs, globalOptionNeeds, table, rows.globalOptionSet);
      await stage(session, needed, globalOptionNeeds, [...before.rows, ...rows.globalOptionSet]);
      const keys = columnsOf(metadataTables.globalOptionSet, 'key');
      const { rowCount } = await session.query(
        `DELETE t FROM ${globals} AS t WHERE ${isThere(needed, 'n', isSame('t', 'n', keys))}
     AND NOT ${isThere(needs, 'r', isSame('t', 'r', keys))}`,
      );
      const first = `NOT ${isThere(needs, 'e', `${isSame('e', 'r', keys)} AND e.[EntityName] < r.[EntityName]`)}`;
      const wanted = `(SELECT r.* FROM ${needs} AS r WHERE ${first}
    AND ${isThere(needed, 'n', isSame('n', 'r', ['OptionSetName']))})`;
      return rowCount + (await bringIn(session, globals, metadataTables.globalOptionSet, wanted));
    },
  };
}
