import { hasCode, type ServiceError } from '../errors.ts';
import type { Failure } from '../model/failure.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { afterNoAttempt, afterVainAttempt, type Become } from './failure-life.ts';

/** The failures in flight of each row, by its id. */
export type FailuresByRow = ReadonlyMap<string, readonly Failure[]>;

/** What became of the rows of one message. Outcomes are the words of the event `automation.row.retouched`. */
export interface RowOutcomes {
  /** Ids of the rows of which nothing was said yet. */
  left(): readonly string[];
  /** Moves all failures of the rows on. */
  settle(recordIds: readonly string[], outcome: string, change: (failure: Failure) => Become): Promise<void>;
  settleRest(outcome: string, change: (failure: Failure) => Become): Promise<void>;
  /** What becomes of a failure of a row that waits as if it had not been tried, so many seconds at least. */
  putBack(note: string, leastSeconds?: number): (failure: Failure) => Become;
  /** Whether a delete is among the failures of the row. */
  isDelete(recordId: string): boolean;
  /** Emits the events. */
  tell(): void;
}

export function rowOutcomes(item: RetouchRowItem, rows: FailuresByRow, ports: AutomationPorts): RowOutcomes {
  const { profileId, table } = item;
  const settled = new Map<string, string>();
  const left = () => [...rows.keys()].filter((id) => !settled.has(id));
  const failuresOf = (recordId: string) => rows.get(recordId) ?? [];

  const settle: RowOutcomes['settle'] = async (recordIds, outcome, change) => {
    const failures = recordIds.flatMap(failuresOf);
    const steps = failures.map((failure) => ({ failure, become: change(failure) }));
    await applySteps(profileId, steps, ports);
    for (const recordId of recordIds) settled.set(recordId, outcome);
  };
  return {
    left,
    settle,
    settleRest: (outcome, change) => settle(left(), outcome, change),
    putBack:
      (note, leastSeconds) =>
      ({ attempts }) =>
        afterNoAttempt(attempts, ports.clock.now(), ports.options, note, leastSeconds),
    isDelete: (recordId) => failuresOf(recordId).some(({ changeType }) => changeType === 'Delete'),
    tell() {
      for (const [outcome, ofIt] of Map.groupBy(settled, ([, outcome]) => outcome))
        ports.telemetry.event('automation.row.retouched', { profileId, table, outcome, rows: ofIt.length });
    },
  };
}

/** Somebody could not be asked, whatever the row: this was no attempt. */
export function isOfNoRow(error: ServiceError): boolean {
  return hasCode(
    error,
    'DATAVERSE_THROTTLED',
    'DATAVERSE_UNREACHABLE',
    'DATAVERSE_UNAUTHORIZED',
    'EXPORTER_UNREACHABLE',
    'EXPORTER_REFUSED',
    'EXPORTER_ANSWER_UNREADABLE',
    'STORAGE_UNAVAILABLE',
  );
}

/** What becomes of a failure whose row was refused. */
export function refused({ message }: ServiceError, { clock, options }: AutomationPorts) {
  return ({ attempts }: Failure) =>
    afterVainAttempt(attempts, clock.now(), options, `Could not be written again. ${message}`);
}
