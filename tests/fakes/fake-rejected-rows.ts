import type { RejectedRow } from '../../shared/model/rejected-row.ts';
import type { ResyncScope } from '../../shared/model/resync.ts';
import { laterVersion } from '../../shared/schema/row-version.ts';
import { type Refusal, reasonOf } from './stored-row.ts';

/** A record, and whether its row was given up. */
type Rejected = RejectedRow & { readonly isGivenUp?: boolean };

/** The record of a row that was tried once more, and refused or not seen. */
export function afterVainRetry(
  row: RejectedRow,
  refusal: Refusal | undefined,
  nextAttemptAt: Date,
): RejectedRow {
  const again = { ...row, attempts: row.attempts + 1, nextAttemptAt: nextAttemptAt.toISOString() };
  if (!refusal) return again;
  const { code } = refusal;
  return {
    ...again,
    version: laterVersion(row.version, refusal.version),
    code,
    reason: reasonOf(refusal, row.table),
  };
}

/** Records of rejected rows in memory, with the semantics of the real ones. */
export function fakeRejectedRows() {
  const rejected = new Map<string, Rejected>();
  const key = (table: string, id: string) => `${table} ${id}`;
  const set = (row: Rejected) => rejected.set(key(row.table, row.id), row);
  const get = (table: string, id: string) => rejected.get(key(table, id));
  const forget = (table: string, id: string) => rejected.delete(key(table, id));
  const givenUp = (table: string) =>
    [...rejected.values()].filter((row) => row.table === table && row.isGivenUp);
  /** Those that were not given up, of all tables or one, the first due first. */
  const tried = (table?: string): readonly RejectedRow[] =>
    [...rejected.values()]
      .filter((row) => !row.isGivenUp && (table === undefined || row.table === table))
      .sort((a, b) => (a.nextAttemptAt < b.nextAttemptAt ? -1 : 1));
  const tryAgain = (row: RejectedRow, at: Date) =>
    set({ ...row, attempts: 0, nextAttemptAt: at.toISOString(), isResync: true, isGivenUp: false });
  const requested = (table: string, id: string, at: Date): RejectedRow => ({
    ...{ table, id, version: '0', attempts: 0, code: 'ROW_REFUSED', reason: '', isResync: true },
    ...{ changeType: 'Update', noticedAt: at.toISOString(), nextAttemptAt: at.toISOString() },
  });
  return {
    get,
    set,
    forget,
    tried,
    nextAttemptAt(table: string): Date | undefined {
      const [first] = tried(table);
      return first && new Date(first.nextAttemptAt);
    },
    forgetGivenUp(table: string): void {
      for (const { id } of givenUp(table)) forget(table, id);
    },
    isCurrent(row: RejectedRow): boolean {
      const stored = get(row.table, row.id);
      return stored?.attempts === row.attempts && stored.version === row.version && !stored.isGivenUp;
    },
    /** How many rows were asked for, and how many of them had been given up. */
    resync(table: string, scope: ResyncScope, at: Date): { readonly count: number; readonly ended: number } {
      const all = givenUp(table);
      if (scope.kind === 'failed') for (const row of all) tryAgain(row, at);
      if (scope.kind !== 'rows') return { count: all.length, ended: all.length };
      const ids = new Set(scope.ids);
      for (const id of ids) tryAgain(get(table, id) ?? requested(table, id, at), at);
      return { count: ids.size, ended: all.filter(({ id }) => ids.has(id)).length };
    },
  };
}
