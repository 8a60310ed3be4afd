import type { Failure } from '../../shared/model/failure.ts';
import type { Account } from './organization-client.ts';
import type { Stage } from './stage.ts';
import { waitUntil } from './wait-until.ts';

/** The failures of each row since the act began, by the row's id; a row without one is absent. */
export type RowStates = ReadonlyMap<string, readonly Failure[]>;

/** Follows some rows in the ledger. */
export type FollowedRows = {
  /** Tells each change of the states until they are those that are waited for. */
  until(what: string, isReached: (rows: RowStates) => boolean, seconds: number): Promise<RowStates>;
};

export function followRows(
  { ledger, narrator, signal }: Stage,
  profileId: string,
  accounts: readonly Account[],
): FollowedRows {
  const ids = new Set(accounts.map(({ id }) => id));
  let told = '';

  async function readStates(): Promise<RowStates> {
    const failures = await ledger.failures(profileId);
    const ofRows = failures.filter(({ recordId }) => recordId !== undefined && ids.has(recordId));
    return Map.groupBy(ofRows, ({ recordId }) => recordId ?? '');
  }

  return {
    until: (what, isReached, seconds) =>
      waitUntil(
        what,
        async () => {
          const rows = await readStates();
          const summary = summaryOf(rows);
          if (summary !== told && summary !== '') narrator.say(`In the ledger: ${summary}.`);
          told = summary;
          return isReached(rows) ? rows : undefined;
        },
        { seconds, signal },
      ),
  };
}

const phrases = {
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
