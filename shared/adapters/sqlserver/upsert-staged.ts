import type { DestinationTable } from '../../model/table-schema.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { systemTables } from '../../schema/system-tables.ts';
import { type Namespace, quoted, tableName } from './identifiers.ts';
import { isolateRefused, type Outcome, type StagedWork, stagedAttempt } from './isolate-refused.ts';
import { stage, stagedIds, stagedName, stageIds } from './load-staging.ts';
import { isUnseen } from './merge.ts';
import type { PageRows } from './row-values.ts';
import { type Session, sql } from './session.ts';

/** How a page's rows are written, and when. */
export interface Writing {
  readonly mode: 'newer' | 'reload' | 'refill';
  readonly writtenAt: Date;
  /** In a reload, rows last written before this are overwritten whatever their version: the organization may have been restored. */
  readonly loadStartedAt: string | undefined;
}

/** One table of one namespace. */
export interface WriteTarget {
  readonly namespace: Namespace;
  readonly table: DestinationTable;
}

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

/** Writes the staged rows but those that are refused; `rows` are all that are staged. */
export function upsertStaged(
  session: Session,
  target: WriteTarget,
  page: PageRows,
  writing: Writing,
  rows: readonly IdentifiedRow[],
): Promise<Outcome<IdentifiedRow>> {
  return isolateRefused(
    session,
    rows,
    stagedAttempt<IdentifiedRow>(session, upsertWork(target, page, writing)),
  );
}

/** Forgets rejected versions that the staged rows replace, except of the rows that were refused again. */
export async function forgetReplaced(
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
