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
  /** Those that changed since then (ISO 8601) fit whatever their state is now. */
  readonly orChangedSince?: string | undefined;
}

/** Whether a failure is one of those. */
export function fitsChoice(failure: Failure, choice: FailureChoice): boolean {
  const { table, cause, state, recordIds, failureIds, orChangedSince } = choice;
  const isOfState =
    state === undefined ||
    failure.state === state ||
    (orChangedSince !== undefined && failure.changedAt >= orChangedSince);
  return (
    isOfState &&
    (table === undefined || failure.entity.toLowerCase() === table.toLowerCase()) &&
    (cause === undefined || failure.cause === cause) &&
    (recordIds === undefined || recordIds.includes(failure.recordId ?? '')) &&
    (failureIds === undefined || failureIds.includes(failure.id))
  );
}
