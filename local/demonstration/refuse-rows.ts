import { readFailureLog } from './failure-log-view.ts';
import type { MarkedChanges } from './marked-changes.ts';
import type { Account } from './organization-client.ts';
import { countOf, secondsOf } from './phrases.ts';
import { dropRuleStatement } from './reporting-database.ts';
import { retryPolicy } from './set-up-profile.ts';
import type { Stage } from './stage.ts';
import { waitUntil } from './wait-until.ts';

/** Revenues at or above are refused while the rule is in force. */
export const revenueLimit = 1_000_000_000;

const rule = 'revenue_below_a_billion';
const slip = 2_000_000_000;
const quotedLines = 1;

/** Takes the rule away; nothing happens when there is none. */
export async function dropRule({ database }: Pick<Stage, 'database'>): Promise<string> {
  const statement = dropRuleStatement(rule);
  await database.execute(statement);
  return statement;
}

/** Act 5: somebody adds a rule to the reporting database, and rows that break it end in the failure log. */
export async function refuseRows(
  stage: Stage,
  profileId: string,
  accounts: readonly Account[],
  changes: MarkedChanges,
): Promise<void> {
  const { narrator, organization, exporter, database } = stage;
  narrator.act('The database refuses rows');
  const statement = database.ruleStatement(rule, `revenue < ${revenueLimit}`);
  await database.execute(statement);
  narrator.say('Somebody adds a rule to the reporting database:');
  narrator.quote(statement);

  const failuresBefore = await countFailures(stage, profileId);
  for (const { id } of accounts) await organization.changeAccount(id, { revenue: slip });
  narrator.say(
    `In the organization ${countOf(accounts.length, 'account')} get a revenue of ${slip.toLocaleString('en')}: a slip, but a valid one there.`,
  );
  const { account, lagSeconds } = await changes.next();
  narrator.good(
    `They hold nobody back: ${account.name}, changed after them, arrives in ${secondsOf(lagSeconds)}.`,
  );

  await waitUntil(
    'the refused rows are counted as failures',
    async () => (await countFailures(stage, profileId)) - failuresBefore >= accounts.length || undefined,
    { seconds: 60, signal: stage.signal },
  );
  narrator.bad(
    `The database refused these ${countOf(accounts.length, 'row')}; each was tried again ${retryPolicy.MaxRetryCount} times, ${retryPolicy.IntervalInSeconds} second apart, and given up.`,
  );
  const ids = new Set(accounts.map(({ id }) => id));
  const link = await exporter.failureLink(profileId);
  const lines = await readFailureLog(link, ids);
  narrator.say(
    `Each of them is a line in the failure log, which opens with the link that GET profiles/{id}/failures gives:`,
  );
  for (const line of lines.slice(0, quotedLines)) narrator.quote(line);
  if (lines.length > quotedLines) narrator.quote(`... and ${lines.length - quotedLines} more`);
}

async function countFailures({ exporter }: Stage, profileId: string): Promise<number> {
  const { Entities } = await exporter.profile(profileId);
  return Entities.find(({ Type }) => Type === 'account')?.Status?.FailureNotifications ?? 0;
}
