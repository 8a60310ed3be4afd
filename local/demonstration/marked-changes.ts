import { arrivalWatch } from './arrival-watch.ts';
import type { Account } from './organization-client.ts';
import type { Stage } from './stage.ts';

/** One change made in the organization and seen in the reporting database. */
export type MarkedChange = { readonly account: Account; readonly phone: string; readonly lagSeconds: number };

/** Changes of which each is timed: from before the call that makes it until the row is seen in its new version. */
export type MarkedChanges = {
  /** Gives the next account a new phone number. */
  next(): Promise<MarkedChange>;
};

export function markedChanges(
  { organization, database, signal }: Pick<Stage, 'organization' | 'database' | 'signal'>,
  accounts: readonly Account[],
): MarkedChanges {
  const watch = arrivalWatch(database, 'account', signal);
  let made = 0;
  return {
    async next() {
      const account = accounts[made % accounts.length];
      if (!account) throw new Error('Cannot change an account: the organization has none; expected some.');
      made += 1;
      const phone = `+43 1 555 ${Math.floor(1000 + Math.random() * 9000)}`;
      const startedAt = performance.now();
      const change = await organization.changeAccount(account.id, { telephone1: phone });
      return { account, phone, lagSeconds: ((await watch.arrival(change)) - startedAt) / 1000 };
    },
  };
}
