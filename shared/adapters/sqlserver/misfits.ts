import type { RowValue } from '../../model/change.ts';
import type { ColumnType, DestinationTable } from '../../model/table-schema.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import type { Wrong } from '../../schema/rejections.ts';
import type { Namespace } from '../sql/namespace.ts';
import { decimalDigits } from './column-types.ts';
import { existingTable, spelledAs } from './existing-tables.ts';
import type { PageColumn, PageRows } from './row-values.ts';
import type { Session } from './session.ts';

/** One table of one namespace. */
export interface WriteTarget {
  readonly namespace: Namespace;
  readonly table: DestinationTable;
}

/** Digits in front of the point that any scale of a column of Dataverse leaves room for. */
const usualDigits = 18;

/** Digits in front of the point of a plain decimal number. */
const wholeDigits = (text: string) => /^-?0*(\d*)/.exec(text)?.[1]?.length ?? 0;

/** Whether a value may be more than the column takes: texts that have grown, numbers beyond any of Dataverse. */
function isDoubtful({ type, isCut }: PageColumn, value: RowValue | undefined): boolean {
  if (type.kind === 'text')
    return !isCut && typeof value === 'string' && value.length > (type.maxLength ?? Number.POSITIVE_INFINITY);
  if (type.kind !== 'decimal') return false;
  if (typeof value === 'number') return Math.abs(value) >= 10 ** usualDigits;
  return typeof value === 'string' && (/e/i.test(value) || wholeDigits(value) > usualDigits);
}

/** The rule of a column that exists, which may be wider or narrower than it is wanted; undefined for a value that fits. */
function misfitOf(name: string, existing: ColumnType, value: unknown): Wrong | undefined {
  if (typeof value !== 'string') return undefined;
  if (existing.kind === 'text' && value.length > (existing.maxLength ?? Number.POSITIVE_INFINITY)) {
    const wrong = `column "${name}" holds at most ${existing.maxLength} characters, received ${value.length}`;
    return { code: 'ROW_TEXT_TOO_LONG', wrong };
  }
  if (existing.kind !== 'decimal' || wholeDigits(value) <= decimalDigits - existing.scale) return undefined;
  const wrong = `column "${name}" holds at most ${decimalDigits - existing.scale} digits before the point`;
  return { code: 'ROW_NUMBER_OUT_OF_RANGE', wrong };
}

/**
 * The rows of a page that have a value which the table's column cannot hold. Told here, because SQL Server neither names the
 * column nor, in some of its versions, lets the transaction live; the catalog is asked only when a value is doubtful.
 */
export async function misfitsOf(
  session: Session,
  { namespace, table }: WriteTarget,
  page: PageRows,
): Promise<ReadonlyMap<IdentifiedRow, Wrong>> {
  const doubtful = page.rows.filter(({ row }) =>
    page.columns.some((column) => isDoubtful(column, row[column.source])),
  );
  if (doubtful.length === 0) return new Map();
  const existing = await existingTable(session, namespace, table.name);
  const names = page.columns.map(({ name }) => name);
  const types = new Map(spelledAs(existing?.columns ?? [], names).map(({ name, type }) => [name, type]));
  const misfits = new Map<IdentifiedRow, Wrong>();
  for (const row of doubtful) {
    const values = valuesOf(page, row);
    page.columns.forEach(({ name }, index) => {
      const type = types.get(name);
      const misfit = type && misfitOf(name, type, values[index]);
      if (misfit !== undefined && !misfits.has(row)) misfits.set(row, misfit);
    });
  }
  return misfits;
}

/** A row that cannot be expressed at all is told of where it is staged. */
function valuesOf(page: PageRows, row: IdentifiedRow): readonly unknown[] {
  try {
    return page.valuesOf(row).slice(2);
  } catch {
    return [];
  }
}
