import { isOpen } from '../../shared/model/failure.ts';
import type { Account } from './organization-client.ts';
import { countOf, secondsOf } from './phrases.ts';
import { dropRule } from './refuse-rows.ts';
import { followRows, type RowStates } from './row-states.ts';
import type { Stage } from './stage.ts';

export type Healing = { readonly found: number; readonly healed: number; readonly secondsFromCure: number };

/** Act 6: the automation finds the failures, probes with one row, and heals all when the rule is gone. */
export async function healRows(
  stage: Stage,
  profileId: string,
  accounts: readonly Account[],
): Promise<Healing> {
  const { narrator } = stage;
  narrator.act('The automation heals them');
  const follow = (what: string, isReached: (rows: RowStates) => boolean, seconds: number) =>
    followRows(stage, { profileId, accounts, what, isReached, seconds });

  const read = await follow('the ledger holds them', (rows) => rows.size === accounts.length, 60);
  const [failure] = [...read.values()].flat();
  narrator.say(
    `It reads the log into its ledger (Table Storage): ${countOf(read.size, 'row')} failed, cause "${failure?.cause}".`,
  );
  narrator.say(
    'It does not hammer the database: while the cause may still be there, it writes one row again, as a probe.',
  );
  await follow('a probe was refused', hasVainProbe, 90);
  narrator.bad('The probe was refused like before, so the other rows are left alone.');

  const statement = await dropRule(stage);
  const curedAt = performance.now();
  narrator.say('Somebody takes the rule away:');
  narrator.quote(statement);
  const isSettled = (rows: RowStates) => [...rows.values()].flat().every(({ state }) => !isOpen(state));
  const settled = await follow('every failure is settled', isSettled, 120);
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

function hasVainProbe(rows: RowStates): boolean {
  const failures = [...rows.values()].flat();
  const isProbing = failures.some(({ state }) => state === 'retouching');
  return !isProbing && failures.some(({ attempts, state }) => attempts > 0 && state === 'waiting');
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
