import type { PoolClient } from 'pg';
import type { MetadataRow } from '../../model/table-metadata.ts';
import {
  columnsOf,
  globalOptionNeeds,
  type MetadataTable,
  metadataTables,
} from '../../schema/metadata-tables.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { MetadataStatements } from '../sql/statements.ts';
import { postgresType } from './column-types.ts';
import { quoted, tableName } from './identifiers.ts';

/** The columns and the key of a metadata table, as CREATE TABLE takes them. */
export function metadataColumns(table: MetadataTable): string {
  const columns = table.columns.map(
    ({ name, type, isNullable }) => `${quoted(name)} ${postgresType(type)}${isNullable ? '' : ' NOT NULL'}`,
  );
  return table.hasId
    ? `"Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ${columns.join(', ')}`
    : `${columns.join(', ')}, PRIMARY KEY (${columnsOf(table, 'key').map(quoted).join(', ')})`;
}

/** The names of columns, each behind that of a table. */
const of = (alias: string, names: readonly string[]) =>
  names.map((name) => `${alias}.${quoted(name)}`).join(', ');
const isSame = (one: string, other: string, names: readonly string[]) =>
  names.map((name) => `${one}.${quoted(name)} = ${other}.${quoted(name)}`).join(' AND ');

/** The rows of a parameter as a part of `WITH`. */
function parameterRows(name: 'given' | 'needed', { columns }: MetadataTable, parameter: string): string {
  const types = columns.map((column) => `${quoted(column.name)} ${postgresType(column.type)}`);
  return `${name} AS (SELECT * FROM jsonb_to_recordset(${parameter}::jsonb) AS r (${types.join(', ')}))`;
}

/** `WITH` parts that change and add the rows of `given`, and a count of what they and `gone` did. */
function bringIn(name: string, table: MetadataTable, gone: string): string {
  const keys = columnsOf(table, 'key');
  const values = columnsOf(table, 'value');
  const written = table.columns.map((column) => column.name);
  const assigned = [...values, ...columnsOf(table, 'stamp')]
    .map((column) => `${quoted(column)} = g.${quoted(column)}`)
    .join(', ');
  return `gone AS (${gone} RETURNING 1),
    changed AS (UPDATE ${name} t SET ${assigned} FROM given g
      WHERE ${isSame('t', 'g', keys)} AND (${of('t', values)}) IS DISTINCT FROM (${of('g', values)}) RETURNING 1),
    added AS (INSERT INTO ${name} (${written.map(quoted).join(', ')}) SELECT ${of('g', written)} FROM given g
      WHERE NOT EXISTS (SELECT 1 FROM ${name} t WHERE ${isSame('t', 'g', keys)}) RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS count`;
}

/** One statement, so that readers see the old rows or the new ones. */
function followTable(name: string, table: MetadataTable): string {
  const gone = `DELETE FROM ${name} t WHERE t."EntityName" = $2
    AND NOT EXISTS (SELECT 1 FROM given g WHERE ${isSame('t', 'g', columnsOf(table, 'key'))})`;
  return `WITH ${parameterRows('given', table, '$1')}, ${bringIn(name, table, gone)}`;
}

/**
 * The global option sets become what all tables need of the names ($1); where two have other labels, the first table's by name
 * counts. Of the rows that go only those are deleted that this table has needed ($2): others may be an older exporter's.
 */
function followGlobals(namespace: Namespace): string {
  const name = tableName(namespace, systemTables.globalOptionSet);
  const keys = columnsOf(metadataTables.globalOptionSet, 'key');
  const needs = tableName(namespace, systemTables.globalOptionNeed);
  const gone = `DELETE FROM ${name} t USING needed n WHERE ${isSame('t', 'n', keys)}
    AND NOT EXISTS (SELECT 1 FROM given g WHERE ${isSame('t', 'g', keys)})`;
  return `WITH given AS (SELECT DISTINCT ON (${of('n', keys)}) n.* FROM ${needs} n WHERE n."OptionSetName" = ANY($1)
      ORDER BY ${of('n', keys)}, n."EntityName"),
    ${parameterRows('needed', globalOptionNeeds, '$2')}, ${bringIn(name, metadataTables.globalOptionSet, gone)}`;
}

/** Metadata in PostgreSQL. */
export function metadataStatements(client: PoolClient, namespace: Namespace): MetadataStatements {
  const named = (key: keyof typeof systemTables) => tableName(namespace, systemTables[key]);
  const [needs, marks] = [named('globalOptionNeed'), named('metadataMark')];

  async function countOf(text: string, values: readonly unknown[]): Promise<number> {
    const { rows } = await client.query<{ count: string }>(text, [...values]);
    return Number(rows[0]?.count ?? 0);
  }

  return {
    async mark(table) {
      const { rows } = await client.query<{ Mark: string | null }>(
        `SELECT "Mark" FROM ${marks} WHERE "TableName" = $1`,
        [table],
      );
      return rows[0]?.Mark ?? undefined;
    },
    async noteMark(table, mark) {
      await client.query(
        `INSERT INTO ${marks} ("TableName", "Mark") VALUES ($1, $2)
       ON CONFLICT ("TableName") DO UPDATE SET "Mark" = EXCLUDED."Mark"`,
        [table, mark ?? null],
      );
    },
    follow: (key, table, rows) =>
      countOf(followTable(named(key), metadataTables[key]), [JSON.stringify(rows), table]),
    async followGlobals({ table, rows }) {
      const before = await client.query<MetadataRow>(`SELECT * FROM ${needs} WHERE "EntityName" = $1`, [
        table,
      ]);
      const [needed, given] = [before.rows, rows.globalOptionSet];
      if (needed.length === 0 && given.length === 0) return 0;
      await client.query(followTable(needs, globalOptionNeeds), [JSON.stringify(given), table]);
      const names = new Set([...needed, ...given].map(({ OptionSetName }) => OptionSetName));
      return countOf(followGlobals(namespace), [[...names], JSON.stringify(needed)]);
    },
  };
}
