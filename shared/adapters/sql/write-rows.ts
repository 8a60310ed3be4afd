import { ServiceError } from '../../errors.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { type Refusal, refusalOf } from '../../schema/rejections.ts';
import { compareVersions } from '../../schema/row-version.ts';
import type { Page, Refused, RowStatements, Writing } from './statements.ts';

type RefusedRow = Refused<IdentifiedRow>;

/**
 * The refused rows that have to be tried again: not those whose version, or a newer one, is in the table already; in a refill
 * only a newer one has what the row brings. In a reload the rows that stay as they are count as seen.
 */
async function withoutSuperseded(
  rows: RowStatements,
  table: string,
  refused: readonly RefusedRow[],
  { mode, writtenAt, loadStartedAt }: Writing,
): Promise<readonly Refusal[]> {
  const idsOf = (some: readonly RefusedRow[]) => some.map(({ item }) => item.id);
  const stored = await rows.versions(table, idsOf(refused));
  const order = ({ item: { id, version } }: RefusedRow) => {
    const known = stored.get(id);
    return known === undefined ? -1 : compareVersions(known, version);
  };
  const isOpen = new Set(idsOf(refused.filter((row) => order(row) < (mode === 'refill' ? 1 : 0))));
  if (mode === 'reload') {
    const newer = idsOf(refused.filter((row) => order(row) > 0));
    const undone = await rows.unseenAmong(table, newer, loadStartedAt);
    const unstamped = await rows.stamp(table, [...stored.keys()], [...undone], writtenAt);
    for (const id of [...undone, ...unstamped.refused.map(({ item }) => item)]) isOpen.add(id);
  }
  return refused
    .filter(({ item }) => isOpen.has(item.id))
    .map(({ item, fault }) => refusalOf(item, fault, table, stored.has(item.id)));
}

/**
 * When so many rows are refused, each of the page, and all because of one named constraint or column, then the table is at
 * fault and not its rows: it is thrown.
 */
const suspicious = 200;

function refuseTableAtFault(table: string, rowCount: number, refused: readonly RefusedRow[]): void {
  const [first] = refused;
  if (first === undefined || refused.length < Math.max(suspicious, rowCount)) return;
  const { culprit, wrong, cause } = first.fault;
  if (culprit === undefined || refused.some(({ fault }) => fault.culprit !== culprit)) return;
  throw new ServiceError(
    'DESTINATION_TABLE_CONFLICT',
    `Cannot write table "${table}": it refuses every row of a page; ${wrong}.`,
    { cause },
  );
}

/** Stages and merges the rows of a page but those that are refused. The caller is in a transaction and has the turn. */
export async function writeRows(
  rows: RowStatements,
  table: string,
  page: Page,
  writing: Writing,
): Promise<{ readonly writtenCount: number; readonly refused: readonly Refusal[] }> {
  if (page.rows.length === 0) return { writtenCount: 0, refused: [] };
  const staged = await page.stage();
  const { count: writtenCount, refused: unmerged } = await staged.merge(writing);
  refuseTableAtFault(table, staged.rows.length, unmerged);
  const refusedRows = [...staged.refused, ...unmerged];
  const refused = refusedRows.length === 0 ? [] : await withoutSuperseded(rows, table, refusedRows, writing);
  if (staged.rows.length > 0) await staged.forgetReplaced(refused.map(({ id }) => id));
  return { writtenCount, refused };
}

/** Deletes rows but those whose delete the database refuses. */
export async function removeRows(
  rows: RowStatements,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<{ readonly deletedCount: number; readonly refused: readonly Refusal[] }> {
  const { count: deletedCount, refused: kept } = await rows.delete(table, ids, deletedAt);
  const keptIds = kept.map(({ item }) => item);
  const stored = await rows.versions(table, keptIds);
  const refused = kept.map(({ item: id, fault: { code, wrong } }) => {
    const reason = `Cannot delete row "${id}" of table "${table}": ${wrong}.`;
    return { id, version: stored.get(id) ?? '0', code, reason, exists: true };
  });
  return { deletedCount, refused };
}
