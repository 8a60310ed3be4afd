import { isOpen } from '../../shared/model/failure.ts';
import type { Account } from './organization-client.ts';
import { countOf, secondsOf } from './phrases.ts';
import { dropRule } from './refuse-rows.ts';
import { followRows, type RowStates } from './row-states.ts';
import type { Stage } from './stage.ts';

export type Healing = { readonly found: number; readonly healed: number; readonly secondsFromCure: number };

/** The automation looks every five seconds here: in this time it has tried the rows at least twice. */
const trialSeconds = 12;

/** Act 6: the automation finds the failures, has them tried, and heals all when the rule is gone. */
export async function healRows(
  stage: Stage,
  profileId: string,
  accounts: readonly Account[],
): Promise<Healing> {
  const { narrator } = stage;
  narrator.act('The automation heals them');
  const followed = followRows(stage, profileId, accounts);
  narrator.say('Every few seconds it reads what is new in the failure log into its ledger (Table Storage).');
  const read = await followed.until('the ledger holds them', (rows) => rows.size === accounts.length, 60);
  const [failure] = [...read.values()].flat();
  narrator.say(
    `Their cause: ${failure?.cause}. It may still be there, so the automation does not hammer the database: every few seconds it has the ${countOf(read.size, 'row')} tried in a transaction that is taken back.`,
  );
  const isTriedFrom = performance.now();
  await followed.until(
    'rows wait without having been written',
    (rows) => isUntouched(rows) && performance.now() > isTriedFrom + trialSeconds * 1000,
    90,
  );
  narrator.bad(
    'They would be refused like before, so nothing is written, neither here nor in the organization.',
  );

  const statement = await dropRule(stage);
  const curedAt = performance.now();
  narrator.say('Somebody takes the rule away:');
  narrator.quote(statement);
  const isSettled = (rows: RowStates) => [...rows.values()].flat().every(({ state }) => !isOpen(state));
  const settled = await followed.until('every failure is settled', isSettled, 120);
  const secondsFromCure = (performance.now() - curedAt) / 1000;

  const healed = [...settled.values()].filter((failures) =>
    failures.every(({ state }) => state === 'healed'),
  );
  if (healed.length < accounts.length)
    throw new Error(
      `Cannot confirm that the rows are healed: ${healed.length} of ${accounts.length} are; expected all.`,
    );
  narrator.good(
    `Healed: all ${countOf(healed.length, 'row')}, ${secondsOf(secondsFromCure)} after the rule was gone, without anybody's help.`,
  );
  await proveAgreement(stage, accounts);
  return { found: settled.size, healed: healed.length, secondsFromCure };
}

function isUntouched(rows: RowStates): boolean {
  const failures = [...rows.values()].flat();
  return failures.every(({ attempts, state }) => attempts === 0 && state === 'waiting');
}

async function proveAgreement(
  { narrator, organization, database }: Stage,
  accounts: readonly Account[],
): Promise<void> {
  const copies = await database.revenues(accounts.map(({ id }) => id));
  for (const { id, name } of accounts) {
    const original = await organization.account(id);
    const copy = copies.get(id);
    if (Number(copy?.revenue) === original.revenue && copy?.version === original.version) continue;
    throw new Error(
      `Cannot confirm that the rows are healed: account "${name}" differs between the organization and the reporting database.`,
    );
  }
  narrator.good('Compared on both sides: revenue and version of these rows are the same.');
}
