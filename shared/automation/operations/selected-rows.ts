import type { Failure, FailureState } from '../../model/failure.ts';
import { failureIdPrefix } from '../../model/failure-id.ts';
import type { FailureSelection, Operation } from '../../model/operation.ts';
import type { OperationPorts } from './operation-ports.ts';

/** Whether a step of the failure's life since then has this note. */
export function isMarked(failure: Failure, mark: string, since: string): boolean {
  return failure.history.some(({ note, at }) => note === mark && at >= since);
}

/**
 * The selected failures that are not over, those of one row together: those that were known when the operation was asked for,
 * and fit now or were moved by the operation, which leaves its mark as the note of its steps. What a person has ignored must
 * be named: by that state, by row or by id.
 */
export async function* selectedRows(
  { requestedAt }: Pick<Operation, 'requestedAt'>,
  { profileId, ...selection }: FailureSelection,
  mark: string,
  { ledger }: Pick<OperationPorts, 'ledger'>,
): AsyncGenerator<readonly [Failure, ...Failure[]]> {
  let row: [Failure, ...Failure[]] | undefined;
  const prefixOf = ({ entity, recordId }: Failure) => failureIdPrefix(entity, recordId);
  for await (const failure of ledger.choose(profileId, { ...selection, openSince: requestedAt })) {
    if (failure.ingestedAt > requestedAt) continue;
    if (!fits(failure, selection) && !isMarked(failure, mark, requestedAt)) continue;
    if (row && prefixOf(row[0]) === prefixOf(failure)) row.push(failure);
    else {
      if (row) yield row;
      row = [failure];
    }
  }
  if (row) yield row;
}

function fits({ state }: Failure, selection: Omit<FailureSelection, 'profileId'>): boolean {
  const { state: wanted, recordIds, failureIds } = selection;
  if (wanted !== undefined) return state === wanted;
  return state !== 'ignored' || recordIds !== undefined || failureIds !== undefined;
}

/** What a row has come to; `skipped`: it cannot be written again. */
export type RowOutcome = FailureState | 'skipped';

const phrases: Readonly<Record<RowOutcome, string>> = {
  healed: 'healed',
  gone: 'gone',
  'needs-attention': 'need attention',
  waiting: 'wait for another try',
  retouching: 'not seen to arrive yet',
  ignored: 'ignored',
  skipped: 'of a whole table, which cannot be written again',
};

/** Rows by outcome. */
export class RowCounts {
  readonly #counts = new Map<RowOutcome, number>();

  add(outcome: RowOutcome): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  of(outcome: RowOutcome): number {
    return this.#counts.get(outcome) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** As an operation has them. */
  rows(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  /** As in "38 healed, 2 need attention". */
  sentence(): string {
    const outcomes = Object.keys(phrases) as RowOutcome[];
    return outcomes
      .filter((outcome) => this.of(outcome) > 0)
      .map((outcome) => `${this.of(outcome)} ${phrases[outcome]}`)
      .join(', ');
  }
}

/** Of an operation that has found nothing to do. */
export const nothingFits =
  'There was nothing to do: no failure fits the selection, or all that fit are healed, gone or ignored.';
