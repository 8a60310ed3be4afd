import type { Failure } from '../../model/failure.ts';
import type { FailureSelection, Operation, OperationRequest } from '../../model/operation.ts';
import { applySteps } from '../apply-steps.ts';
import type { Become } from '../failure-life.ts';
import type { OperationPorts, Progress } from './operation-ports.ts';
import { isMarked, nothingFits, RowCounts, selectedRows } from './selected-rows.ts';

type Ignoring = Extract<OperationRequest, { kind: 'ignore-failures' }>;
type Retrying = Extract<OperationRequest, { kind: 'retry-failures' }>;

const rowsAtOnce = 100;

/** How failures are changed: by which step, which is undefined where none is to be taken; `mark` is its note. */
interface Treatment {
  readonly mark: string;
  readonly step: (failure: Failure, mark: string, now: Date) => Become | undefined;
  readonly becomes: 'ignored' | 'waiting';
}

/** Nothing is done about the selected failures any more; those that are over stay as they are. */
export function ignoreFailures(
  operation: Operation,
  { selection, reason }: Ignoring,
  ports: OperationPorts,
): Promise<Progress> {
  const mark = `A person said so: ${reason}`;
  return changeFailures(operation, selection, { mark, step: ignoring, becomes: 'ignored' }, ports);
}

/** Whether one is there to be ignored. */
export const canBeIgnored = ({ state }: Failure) =>
  state !== 'healed' && state !== 'gone' && state !== 'ignored';

function ignoring(failure: Failure, note: string): Become | undefined {
  if (!canBeIgnored(failure)) return undefined;
  return { state: 'ignored', nextAttemptAt: undefined, note };
}

/** The selected failures are taken up again from the first attempt on, at once and probe first. */
export function retryFailures(
  operation: Operation,
  { selection }: Retrying,
  ports: OperationPorts,
): Promise<Progress> {
  const mark = `Is to be tried again, as operation ${operation.id} asks.`;
  return changeFailures(operation, selection, { mark, step: retrying, becomes: 'waiting' }, ports);
}

/** What is new or being written again is on its way by itself. */
export const canBeRetried = ({ state }: Failure) =>
  state === 'needs-attention' || state === 'ignored' || state === 'waiting';

/** A step that does not change the state shows in the note alone. */
function retrying(failure: Failure, note: string, now: Date): Become | undefined {
  if (!canBeRetried(failure) || failure.note === note) return undefined;
  return { state: 'waiting', attempts: 0, nextAttemptAt: now.toISOString(), note };
}

/**
 * Looks at all selected failures and changes those that were not changed yet, in bounded memory. A failure that somebody else
 * moves at the same moment is looked at again; so is everything when the time of one message is over.
 */
async function changeFailures(
  operation: Operation,
  selection: FailureSelection,
  treatment: Treatment,
  ports: OperationPorts,
): Promise<Progress> {
  const endsAt = ports.clock.now().getTime() + ports.runSeconds * 1000;
  const counts = new RowCounts();
  let isMissed = false;
  const isDone = (failure: Failure) =>
    failure.note === treatment.mark || isMarked(failure, treatment.mark, operation.requestedAt);

  /** Whether there was anything to change. */
  async function change(rows: readonly (readonly [Failure, ...Failure[]])[]): Promise<boolean> {
    const now = ports.clock.now();
    const steps = rows.flat().flatMap((failure) => {
      const become = isDone(failure) ? undefined : treatment.step(failure, treatment.mark, now);
      return become ? [{ failure, become }] : [];
    });
    const moved = await applySteps(selection.profileId, steps, ports);
    if (moved.length < steps.length) isMissed = true;
    const known = new Map(moved.map((failure) => [failure.id, failure]));
    for (const row of rows) {
      const after = row.map((failure) => known.get(failure.id) ?? failure);
      counts.add(after.some(isDone) ? treatment.becomes : row[0].state);
    }
    return steps.length > 0;
  }

  let rows: (readonly [Failure, ...Failure[]])[] = [];
  for await (const row of selectedRows(operation, selection, treatment.mark, ports)) {
    if (rows.push(row) < rowsAtOnce) continue;
    const hasChanged = await change(rows);
    rows = [];
    if (hasChanged && ports.clock.now().getTime() >= endsAt) return goesOn(counts, 0);
  }
  await change(rows);
  return isMissed ? goesOn(counts, 1) : ended(counts);
}

function goesOn(counts: RowCounts, againInSeconds: number): Progress {
  const message = `Goes on; so far: ${counts.sentence()}.`;
  return { state: 'running', againInSeconds, message, rows: counts.rows() };
}

function ended(counts: RowCounts): Progress {
  const message = counts.total === 0 ? nothingFits : `Rows: ${counts.sentence()}.`;
  return { state: 'succeeded', message, rows: counts.rows() };
}
