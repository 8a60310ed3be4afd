import type { Failure } from '../../shared/model/failure.ts';
import type { Account } from './organization-client.ts';
import type { Stage } from './stage.ts';
import { waitUntil } from './wait-until.ts';

/** The failures of each row since the act began, by the row's id; a row without one is absent. */
export type RowStates = ReadonlyMap<string, readonly Failure[]>;

/** Tells each change in the ledger until the states are those that are waited for. */
export function followRows(
  { ledger, narrator, signal }: Stage,
  wanted: {
    readonly profileId: string;
    readonly accounts: readonly Account[];
    readonly what: string;
    readonly isReached: (rows: RowStates) => boolean;
    readonly seconds: number;
  },
): Promise<RowStates> {
  const ids = new Set(wanted.accounts.map(({ id }) => id));
  let told = '';
  return waitUntil(
    wanted.what,
    async () => {
      const failures = await ledger.failures(wanted.profileId);
      const rows = Map.groupBy(
        failures.filter(({ recordId }) => recordId !== undefined && ids.has(recordId)),
        ({ recordId }) => recordId ?? '',
      );
      const summary = summaryOf(rows);
      if (summary !== told && summary !== '') narrator.say(`Ledger: ${summary}.`);
      told = summary;
      return wanted.isReached(rows) ? rows : undefined;
    },
    { seconds: wanted.seconds, signal },
  );
}

const phrases = {
  new: 'just read',
  waiting: 'waiting',
  retouching: 'being written again',
  healed: 'healed',
  gone: 'deleted meanwhile',
  'needs-attention': 'given up',
  ignored: 'ignored',
} as const satisfies Record<Failure['state'], string>;

const order = Object.keys(phrases) as Failure['state'][];

/** `1 being written again, 4 waiting`: a row counts in the least settled state of its failures. */
function summaryOf(rows: RowStates): string {
  const states = [...rows.values()].map((failures) =>
    order.find((state) => failures.some((failure) => failure.state === state)),
  );
  return order
    .map((state) => ({ state, count: states.filter((each) => each === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${phrases[state]}`)
    .join(', ');
}
