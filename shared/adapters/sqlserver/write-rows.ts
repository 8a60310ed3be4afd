import { ServiceError } from '../../errors.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { type Refusal, type RowRefusal, refusalOf, unexpressedRefusal } from '../../schema/rejections.ts';
import { compareVersions } from '../../schema/row-version.ts';
import { rowFaultOf } from './error-map.ts';
import type { Namespace } from './identifiers.ts';
import { isolateRefused, type Refused } from './isolate-refused.ts';
import { ensureStage, loadStaging } from './load-staging.ts';
import { deleteRows, stampRows, unseenAmong, versionsById } from './merge.ts';
import { misfitsOf } from './misfits.ts';
import type { PageRows } from './row-values.ts';
import type { Session } from './session.ts';
import { forgetReplaced, upsertStaged, type WriteTarget, type Writing } from './upsert-staged.ts';

const refusedBy = ({ item: { id, version }, error }: Refused<IdentifiedRow>): RowRefusal => ({
  id,
  version,
  ...rowFaultOf(error),
});

/**
 * The refused rows that have to be tried again: not those whose version, or a newer one, is in the table already; in a refill
 * only a newer one has what the row brings. In a reload the rows that stay as they are count as seen.
 */
async function withoutSuperseded(
  session: Session,
  { namespace, table }: WriteTarget,
  refusals: readonly RowRefusal[],
  { mode, writtenAt, loadStartedAt }: Writing,
): Promise<readonly Refusal[]> {
  const ids = refusals.map(({ id }) => id);
  const stored = await versionsById(session, namespace, table.name, ids);
  const order = ({ id, version }: RowRefusal) => {
    const known = stored.get(id);
    return known === undefined ? -1 : compareVersions(known, version);
  };
  const isOpen = new Set(
    refusals.filter((row) => order(row) < (mode === 'refill' ? 1 : 0)).map(({ id }) => id),
  );
  if (mode === 'reload') {
    const newer = refusals.filter((row) => order(row) > 0).map(({ id }) => id);
    const undone = await unseenAmong(session, namespace, table.name, newer, loadStartedAt);
    const seen = [...stored.keys()];
    const unstamped = await stampRows(session, namespace, table.name, seen, [...undone], writtenAt);
    for (const id of [...undone, ...unstamped.refused.map(({ item }) => item)]) isOpen.add(id);
  }
  return refusals
    .filter(({ id }) => isOpen.has(id))
    .map((row) => refusalOf(row, table.name, stored.has(row.id)));
}

/** When so many rows are refused, each of the page, and all by one named constraint or column, then the table is at fault. */
const suspicious = 200;

function refuseTableAtFault(table: string, rowCount: number, refused: readonly Refused<unknown>[]): void {
  const [first] = refused;
  if (first === undefined || refused.length < Math.max(suspicious, rowCount)) return;
  const { wrong } = rowFaultOf(first.error);
  const isNamed = wrong.includes('"');
  if (!isNamed || refused.some(({ error }) => rowFaultOf(error).wrong !== wrong)) return;
  throw new ServiceError(
    'DESTINATION_TABLE_CONFLICT',
    `Cannot write table "${table}": it refuses every row of a page; ${wrong}.`,
    { cause: first.error },
  );
}

/** Stages and merges the rows of a page but those that are refused. The caller is in a transaction and has the turn. */
export async function writeRows(
  session: Session,
  target: WriteTarget,
  page: PageRows,
  writing: Writing,
): Promise<{ readonly writtenCount: number; readonly refused: readonly Refusal[] }> {
  if (page.rows.length === 0) return { writtenCount: 0, refused: [] };
  const misfits = await misfitsOf(session, target, page);
  const unexpressed = new Map<IdentifiedRow, ServiceError>();
  await ensureStage(session, page);
  const fitting = misfits.size === 0 ? page.rows : page.rows.filter((row) => !misfits.has(row));
  const unloaded = await isolateRefused(session, fitting, {
    together: (some) => loadStaging(session, page, some, unexpressed),
  });
  const notLoaded = new Set([...unexpressed.keys(), ...unloaded.refused.map(({ item }) => item)]);
  const loaded = notLoaded.size === 0 ? fitting : fitting.filter((row) => !notLoaded.has(row));
  const unmerged = await upsertStaged(session, target, page, writing, loaded);
  refuseTableAtFault(target.table.name, loaded.length, unmerged.refused);
  const refusals = [
    ...Array.from(misfits, ([{ id, version }, misfit]) => ({ id, version, ...misfit })),
    ...Array.from(unexpressed, ([row, error]) => unexpressedRefusal(row, error)),
    ...[...unloaded.refused, ...unmerged.refused].map(refusedBy),
  ];
  const refused = refusals.length === 0 ? [] : await withoutSuperseded(session, target, refusals, writing);
  const refusedIds = refused.map(({ id }) => id);
  if (loaded.length > 0) await forgetReplaced(session, target, page, refusedIds);
  return { writtenCount: unmerged.count, refused };
}

/** Deletes rows but those whose delete the database refuses. */
export async function removeRows(
  session: Session,
  namespace: Namespace,
  table: string,
  ids: readonly string[],
  deletedAt: Date | undefined,
): Promise<{ readonly deletedCount: number; readonly refused: readonly Refusal[] }> {
  const { count: deletedCount, refused: kept } = await deleteRows(session, namespace, table, ids, deletedAt);
  const keptIds = kept.map(({ item }) => item);
  const stored = await versionsById(session, namespace, table, keptIds);
  const refused = kept.map(({ item: id, error }) => {
    const { code, wrong } = rowFaultOf(error);
    const reason = `Cannot delete row "${id}" of table "${table}": ${wrong}.`;
    return { id, version: stored.get(id) ?? '0', code, reason, exists: true };
  });
  return { deletedCount, refused };
}
