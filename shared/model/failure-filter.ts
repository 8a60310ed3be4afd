import type { Failure, FailureCause, FailureState } from './failure.ts';

/** Which failures of a profile are listed: all that fit every member given. */
export interface FailureFilter {
  /** Logical name of the table, in any case. */
  readonly table?: string | undefined;
  readonly cause?: FailureCause | undefined;
  readonly state?: FailureState | undefined;
}

/** Which ones are meant: also those of these rows, or with these ids. */
export interface FailureChoice extends FailureFilter {
  readonly recordIds?: readonly string[] | undefined;
  readonly failureIds?: readonly string[] | undefined;
  /** Without those that were healed or gone before then (ISO 8601); those that changed since fit whatever their state is. */
  readonly openSince?: string | undefined;
}

/** Whether a failure is one of those. */
export function fitsChoice(failure: Failure, choice: FailureChoice): boolean {
  const { table, cause, state, recordIds, failureIds, openSince } = choice;
  const hasChanged = openSince !== undefined && failure.changedAt >= openSince;
  const isOver = openSince !== undefined && (failure.state === 'healed' || failure.state === 'gone');
  const isOfState = hasChanged || (!isOver && (state === undefined || failure.state === state));
  return (
    isOfState &&
    (table === undefined || failure.entity.toLowerCase() === table.toLowerCase()) &&
    (cause === undefined || failure.cause === cause) &&
    (recordIds === undefined || recordIds.includes(failure.recordId ?? '')) &&
    (failureIds === undefined || failureIds.includes(failure.id))
  );
}
