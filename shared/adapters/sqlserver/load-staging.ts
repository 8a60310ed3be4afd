import { isRowFault } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import type { BulkColumn } from './bulk-types.ts';
import { decimalDigits } from './column-types.ts';
import type { PageRows } from './row-values.ts';
import type { Session } from './session.ts';

/** The staging table of a page's rows. It lives until its session is used for something else. */
export const stage = '#stage';
/** The staging table of ids. */
export const stagedIds = '#ids';

const ordinal: BulkColumn = { name: 'ordinal', type: 'int' };
const id: BulkColumn = { name: 'Id', type: 'uuid' };

/** Columns of the staging table are numbered: their names are for no one, and the driver does not escape them. */
export const stagedName = (index: number) => `c${index}`;

const declarations: Readonly<Record<BulkColumn['type'], (column: BulkColumn) => string>> = {
  uuid: () => 'uniqueidentifier',
  text: ({ length }) => `nvarchar(${length ?? 'max'})`,
  int: () => 'int',
  bigint: () => 'bigint',
  bit: () => 'bit',
  decimal: ({ scale = 0 }) => `decimal(${decimalDigits},${scale})`,
  datetime: () => 'datetime',
};

/** The batch that makes a staging table, or empties the one that is there. `key` names the columns of its clustered key. */
export function makeStaging(name: string, columns: readonly BulkColumn[], key: string): string {
  // Collations as in the database of the reporting tables; those of the server's tempdb may be others.
  const declared = columns.map((column) => {
    const collation = column.type === 'text' ? ' COLLATE DATABASE_DEFAULT' : '';
    const isKey = column.name === key;
    return `[${column.name}] ${declarations[column.type](column)}${collation} ${isKey ? 'NOT NULL PRIMARY KEY CLUSTERED' : 'NULL'}`;
  });
  return `IF OBJECT_ID(N'tempdb..${name}') IS NOT NULL DROP TABLE ${name}; CREATE TABLE ${name} (${declared.join(', ')})`;
}

function stagedColumns({ columns }: PageRows): readonly BulkColumn[] {
  return [ordinal, id, ...columns.map(({ staged }, index) => ({ name: stagedName(index), ...staged }))];
}

/** Makes the staging table of a page. In a batch of its own: what a statement with parameters makes ends with it. */
export async function ensureStage(session: Session, page: PageRows): Promise<void> {
  await session.batch(makeStaging(stage, stagedColumns(page), 'ordinal'));
}

function* expressed(
  page: PageRows,
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Generator<readonly unknown[]> {
  for (const row of rows) {
    let values: readonly unknown[];
    try {
      values = page.valuesOf(row);
    } catch (error) {
      if (!(error instanceof ServiceError && isRowFault(error.code))) throw error;
      unexpressed.set(row, error);
      continue;
    }
    yield values;
  }
}

/** Loads rows of a page into the staging table and returns how many; those that cannot be expressed are left out and put into `unexpressed`. */
export function loadStaging(
  session: Session,
  page: PageRows,
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Promise<number> {
  return session.bulkLoad(stage, stagedColumns(page), expressed(page, rows, unexpressed));
}

/** Stages ids, each of which comes once, in their order, in place of those that were staged before. */
export function stageIds(session: Session, ids: readonly string[], name = stagedIds): Promise<void> {
  const rows = ids.map((each, index) => [index, each]);
  return stageRows(session, name, [ordinal, id], 'ordinal', rows);
}

/** Stages rows of values in a table of its own, in place of those that were staged before. */
export async function stageRows(
  session: Session,
  name: string,
  columns: readonly BulkColumn[],
  key: string,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  await session.batch(makeStaging(name, columns, key));
  if (rows.length > 0) await session.bulkLoad(name, columns, rows);
}
