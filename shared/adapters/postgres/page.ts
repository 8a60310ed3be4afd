import pg from 'pg';
import type { Row } from '../../model/change.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { ExistingColumn } from '../../schema/compare-table.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { Page, Refused, StagedPage, Writing } from '../sql/statements.ts';
import { existingTable } from './existing-tables.ts';
import { quoted, tableName } from './identifiers.ts';
import { isolateRefused } from './isolate-refused.ts';
import { ensureStage, loadStaging } from './load-staging.ts';
import { pageRows } from './row-text.ts';

/** SQL of a time. */
export const timeOf = (time: string) => `${pg.escapeLiteral(time)}::timestamp`;

/** Whether a row was last written before a time, or never by replication. */
export const isUnseen = (row: string, before: string) =>
  `coalesce(${row}."SinkModifiedOn", '-infinity') < ${before}`;

/** `which` is SQL that chooses among the staged rows. What the statement changes are rows that were inserted or updated. */
const upsertStaged =
  (namespace: Namespace, table: DestinationTable, stage: string) =>
  ({ mode, writtenAt, loadStartedAt }: Writing, which: string): string => {
    const columns = table.columns.map(({ name }) => quoted(name));
    const set = ['"SinkModifiedOn"', ...columns].map((name) => `${name} = excluded.${name}`);
    const at = timeOf(writtenAt.toISOString());
    const isUndone = loadStartedAt === undefined ? 'false' : isUnseen('stored', timeOf(loadStartedAt));
    const isOverwritten =
      mode === 'newer'
        ? 'stored."versionnumber" < excluded."versionnumber"'
        : `stored."versionnumber" <= excluded."versionnumber" OR ${isUndone}`;
    return `INSERT INTO ${tableName(namespace, table.name)} AS stored ("Id", "SinkCreatedOn", "SinkModifiedOn", ${columns.join(', ')})
     SELECT "Id", ${at}, ${at}, ${columns.join(', ')} FROM ${stage} WHERE ${which}
     ON CONFLICT ("Id") DO UPDATE SET ${set.join(', ')}
     WHERE stored."versionnumber" IS NULL OR excluded."versionnumber" IS NULL
       OR ${isOverwritten}`;
  };

function tooLongColumn(
  existing: readonly ExistingColumn[],
  table: DestinationTable,
  row: Row,
): string | undefined {
  const sources = new Map(table.columns.map(({ name, source }) => [name, source]));
  for (const { name, type } of existing) {
    const value = row[sources.get(name) ?? ''];
    if (type?.kind !== 'text' || type.maxLength === undefined || typeof value !== 'string') continue;
    const length = [...value].length;
    if (length > type.maxLength)
      return `column "${name}" holds at most ${type.maxLength} characters, received ${length}`;
  }
  return undefined;
}

/** Refused rows with the column that a text is too long for, which PostgreSQL does not name. */
async function withColumnNamed(
  client: pg.PoolClient,
  namespace: Namespace,
  table: DestinationTable,
  refused: readonly Refused<IdentifiedRow>[],
): Promise<readonly Refused<IdentifiedRow>[]> {
  const isTooLong = ({ fault }: Refused<unknown>) => fault.code === 'ROW_TEXT_TOO_LONG';
  if (!refused.some(isTooLong)) return refused;
  const existing = await existingTable(client, namespace, table.name);
  return refused.map((each) => {
    const { item, fault } = each;
    const named = isTooLong(each) ? tooLongColumn(existing?.columns ?? [], table, item.row) : undefined;
    return { item, fault: { ...fault, wrong: named ?? fault.wrong } };
  });
}

/** A page on its way into a table of PostgreSQL. */
export function pageOf(
  client: pg.PoolClient,
  namespace: Namespace,
  table: DestinationTable,
  given: readonly Row[],
): Page {
  const page = pageRows(table, given);
  return {
    rows: page.rows,
    async stage(): Promise<StagedPage> {
      const stage = await ensureStage(client, table);
      const unstaged = await loadStaging(client, stage, page);
      const notStaged = new Set(unstaged.map(({ item }) => item));
      const rows = notStaged.size === 0 ? page.rows : page.rows.filter((row) => !notStaged.has(row));
      const upsert = upsertStaged(namespace, table, stage);
      const array = `ARRAY(SELECT ctid FROM ${stage} ORDER BY ordinal)`;
      return {
        rows,
        refused: unstaged,
        async merge(writing) {
          const statement = (some: string) => upsert(writing, `ctid = ANY(${some})`);
          const isolation = { type: 'tid', array, statement } as const;
          const { count, refused } = await isolateRefused(client, rows, isolation, upsert(writing, 'true'));
          return { count, refused: await withColumnNamed(client, namespace, table, refused) };
        },
        async forgetReplaced(refusedIds) {
          await client.query(
            `DELETE FROM ${tableName(namespace, systemTables.rejectedRow)} r USING ${stage} s
     WHERE r."TableName" = $1 AND r."RecordId" = s."Id" AND r."Version" <= s."versionnumber"
       AND r."RecordId" <> ALL($2::uuid[])`,
            [table.name, refusedIds],
          );
        },
      };
    },
  };
}
