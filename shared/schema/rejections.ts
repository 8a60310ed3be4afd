import type { ErrorCode } from '../error-codes.ts';
import type { ServiceError } from '../errors.ts';
import type { ChangeType } from '../model/change.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { IdentifiedRow } from './identified-rows.ts';
import { laterVersion } from './row-version.ts';

/** A row that the destination refused, or a delete that it refused. */
export interface Refusal {
  readonly id: string;
  readonly version: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly exists: boolean;
}

/** What is wrong with a row, as the end of a sentence. */
export interface Wrong {
  readonly code: ErrorCode;
  readonly wrong: string;
}

/** What is wrong with a row that cannot be expressed in its columns. */
export function unexpressed({ code, parameters }: ServiceError): Wrong {
  const [column, wrong] = parameters;
  return { code, wrong: `column "${column}" ${wrong}` };
}

/** A refusal in a sentence that names the row and its table; `exists`: the table has one with its id. */
export function refusalOf(
  { id, version }: IdentifiedRow,
  { code, wrong }: Wrong,
  table: string,
  exists: boolean,
): Refusal {
  return { id, version, code, reason: `Cannot write row "${id}" of table "${table}": ${wrong}.`, exists };
}

/** The record of what was refused for the first time. */
export const firstRejection =
  (table: string, noticedAt: Date, nextAttemptAt: Date, isResync: boolean, changeType?: ChangeType) =>
  ({ id, version, code, reason, exists }: Refusal): RejectedRow => ({
    table,
    id,
    version,
    changeType: changeType ?? (exists ? 'Update' : 'New'),
    noticedAt: noticedAt.toISOString(),
    attempts: 1,
    nextAttemptAt: nextAttemptAt.toISOString(),
    code,
    reason,
    isResync,
  });

/** The record of what was tried again: with the reason of now, where there is one. */
export function againRejected(
  row: RejectedRow,
  refusal: Refusal | undefined,
  nextAttemptAt: Date,
): RejectedRow {
  return {
    ...row,
    attempts: row.attempts + 1,
    nextAttemptAt: nextAttemptAt.toISOString(),
    ...(refusal && {
      version: laterVersion(row.version, refusal.version),
      code: refusal.code,
      reason: refusal.reason,
    }),
  };
}

/** Those records, by id, that no page has replaced since they were read as `tried`. */
export function stillAsTried(
  stored: readonly RejectedRow[],
  tried: readonly RejectedRow[],
): ReadonlyMap<string, RejectedRow> {
  const triedById = new Map(tried.map((row) => [row.id, row]));
  const isAsTried = ({ id, attempts, version }: RejectedRow) => {
    const row = triedById.get(id);
    return row?.attempts === attempts && row.version === version;
  };
  return new Map(stored.filter(isAsTried).map((row) => [row.id, row]));
}
