import type { ServiceError } from '../../errors.ts';
import type { Row } from '../../model/change.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { unexpressed as unexpressedFault } from '../../schema/rejections.ts';
import { systemTables } from '../../schema/system-tables.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { Page, Refused, StagedPage, Writing } from '../sql/statements.ts';
import { quoted, tableName } from './identifiers.ts';
import { isolateRefused, type StagedWork, stagedAttempt } from './isolate-refused.ts';
import { ensureStage, loadStaging, stage, stagedIds, stagedName, stageIds } from './load-staging.ts';
import { misfitsOf, type WriteTarget } from './misfits.ts';
import { type PageRows, pageRows } from './row-values.ts';
import { type Session, sql } from './session.ts';

/** `datetime` holds nothing before: a row that was never written by replication counts as written then. */
const never = "CONVERT(datetime, '17530101', 112)";

/** Whether a row was last written before a time (of type `datetime`, as rounded as the stored one), or never by replication. */
export const isUnseen = (row: string, before: string) =>
  `COALESCE(${row}.[SinkModifiedOn], ${never}) < ${before}`;

/** Where the staged value of a column is; undefined when the page has none. */
function stagedColumn({ columns }: PageRows, name: string): string | undefined {
  const index = columns.findIndex((column) => column.name === name);
  return index < 0 ? undefined : `s.[${stagedName(index)}]`;
}

/**
 * The statements that write staged rows: an older version never overwrites a newer one, unless the newer one is from before a
 * reload. An update and an insert, because MERGE is not safe under concurrency.
 */
export function upsertWork({ namespace, table }: WriteTarget, page: PageRows, writing: Writing): StagedWork {
  const { mode, writtenAt, loadStartedAt } = writing;
  const staged = new Map(page.columns.map(({ name }, index) => [name, `s.[${stagedName(index)}]`]));
  const columns = table.columns.map(({ name }) => [quoted(name), staged.get(name) ?? 'NULL'] as const);
  const version = stagedColumn(page, 'versionnumber');
  const isUndone = mode === 'reload' ? ` OR ${isUnseen('t', 'CONVERT(datetime, @loadStartedAt)')}` : '';
  const isNewer = `t.[versionnumber] ${mode === 'newer' ? '<' : '<='} ${version}${isUndone}`;
  const isOverwritten =
    version === undefined ? '' : ` AND (t.[versionnumber] IS NULL OR ${version} IS NULL OR ${isNewer})`;
  const name = tableName(namespace, table.name);
  const update = (
    condition: string,
  ) => `UPDATE t SET [SinkModifiedOn] = @writtenOn${columns.map(([column, value]) => `, ${column} = ${value}`).join('')}
FROM ${name} AS t INNER JOIN ${stage} AS s ON s.[Id] = t.[Id] WHERE ${condition}${isOverwritten}`;
  const insert = (
    condition: string,
  ) => `INSERT INTO ${name} ([Id], [SinkCreatedOn], [SinkModifiedOn]${columns.map(([column]) => `, ${column}`).join('')})
SELECT s.[Id], @writtenOn, @writtenOn${columns.map(([, value]) => `, ${value}`).join('')}
FROM ${stage} AS s WHERE ${condition} AND NOT EXISTS (SELECT 1 FROM ${name} AS t WHERE t.[Id] = s.[Id])`;
  return {
    staged: stage,
    steps: [
      { text: update, isCounted: true },
      { text: insert, isCounted: true },
    ],
    declared: 'DECLARE @writtenOn datetime = CONVERT(datetime, @writtenAt);',
    parameters: [
      sql.datetime2('writtenAt', writtenAt),
      ...(mode === 'reload'
        ? [sql.datetime2('loadStartedAt', loadStartedAt === undefined ? null : new Date(loadStartedAt))]
        : []),
    ],
  };
}

/** A page on its way into a table of SQL Server. */
export function pageOf(
  session: Session,
  namespace: Namespace,
  table: DestinationTable,
  given: readonly Row[],
): Page {
  const page = pageRows(table, given);
  const target = { namespace, table };
  return {
    rows: page.rows,
    async stage(): Promise<StagedPage> {
      const unstaged = await stagePage(session, target, page);
      const notStaged = new Set(unstaged.map(({ item }) => item));
      const rows = notStaged.size === 0 ? page.rows : page.rows.filter((row) => !notStaged.has(row));
      return {
        rows,
        refused: unstaged,
        merge: (writing) =>
          isolateRefused(
            session,
            rows,
            stagedAttempt<IdentifiedRow>(session, upsertWork(target, page, writing)),
          ),
        forgetReplaced: (refusedIds) => forgetReplaced(session, target, page, refusedIds),
      };
    },
  };
}

/** Stages the rows of a page and returns those that are not staged: they do not fit, or cannot be expressed, or are refused. */
async function stagePage(
  session: Session,
  target: WriteTarget,
  page: PageRows,
): Promise<readonly Refused<IdentifiedRow>[]> {
  const misfits = await misfitsOf(session, target, page);
  const unexpressed = new Map<IdentifiedRow, ServiceError>();
  await ensureStage(session, page);
  const fitting = misfits.size === 0 ? page.rows : page.rows.filter((row) => !misfits.has(row));
  const { refused } = await isolateRefused(session, fitting, {
    together: (some) => loadStaging(session, page, some, unexpressed),
  });
  return [
    ...Array.from(misfits, ([item, fault]) => ({ item, fault })),
    ...Array.from(unexpressed, ([item, error]) => ({ item, fault: unexpressedFault(error) })),
    ...refused,
  ];
}

async function forgetReplaced(
  session: Session,
  { namespace, table }: WriteTarget,
  page: PageRows,
  refusedIds: readonly string[],
): Promise<void> {
  const version = stagedColumn(page, 'versionnumber');
  if (version === undefined) return;
  if (refusedIds.length > 0) await stageIds(session, refusedIds);
  const isRefused = `EXISTS (SELECT 1 FROM ${stagedIds} AS k WHERE k.[Id] = r.[RecordId])`;
  await session.query(
    `DELETE r FROM ${tableName(namespace, systemTables.rejectedRow)} AS r INNER JOIN ${stage} AS s ON s.[Id] = r.[RecordId]
     WHERE r.[TableName] = @table AND r.[Version] <= ${version}${refusedIds.length > 0 ? ` AND NOT ${isRefused}` : ''}`,
    [sql.text('table', table.name)],
  );
}
