import { atMost } from '../at-most.ts';
import type { Failure } from '../model/failure.ts';
import { failureIdTablePrefix } from '../model/failure-id.ts';
import { namedBy } from '../model/status-snapshot.ts';
import type { ExportedProfile } from '../ports/exporter-api.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { eachProfile } from './each-without-stopping.ts';
import { isResynced } from './heal-rows.ts';
import { type Evidence, nextSteps, type Proof, type RetouchStep } from './next-steps.ts';
import { atOnce, type Pace, paceOf } from './retouch-pace.ts';
import { impossibleBy } from './self-test.ts';
import { tryGroups } from './try-groups.ts';

/**
 * Moves the failures of every active profile on: admits new ones, sends probes, gives up. To be called after ingestion.
 * Failures of tables that the profile does not name any more stay as they are, in case that it names them again.
 */
export async function planRetouches(ports: AutomationPorts): Promise<void> {
  await eachProfile('Planning the re-touches', ports, async (profile) => {
    if (profile.state !== 'active') return;
    const isNamed = namedBy(profile);
    const evidence = { lastExportAt: lastExports(profile) };
    for await (const failures of openByTable(ports.ledger.open(profile.id)))
      if (isNamed(failures[0].entity)) await plan(profile.id, failures, evidence, ports);
  });
}

/** Sends the rows that a healed probe has released, without waiting for the timer. */
export async function releaseRows(profileId: string, proof: Proof, ports: AutomationPorts): Promise<void> {
  await inTurn(async () => {
    for await (const failures of openByTable(ports.ledger.open(profileId, proof.table)))
      await plan(profileId, failures, { proof }, ports);
  });
}

/** Many messages may be at work in this process, and each release holds all open failures of a table. */
const inTurn = atMost(1);

/** Some 300 MB of them. */
const mostFailures = 200_000;

/**
 * The open failures of one table after the other. Of more than can be held, these are the first; the others have their turn
 * when these are settled.
 */
async function* openByTable(open: AsyncIterable<Failure>): AsyncGenerator<[Failure, ...Failure[]]> {
  let ofTable: [Failure, ...Failure[]] | undefined;
  for await (const failure of open) {
    if (ofTable && failureIdTablePrefix(ofTable[0].entity) !== failureIdTablePrefix(failure.entity)) {
      yield ofTable;
      ofTable = undefined;
    }
    if (!ofTable) ofTable = [failure];
    else if (ofTable.length < mostFailures) ofTable.push(failure);
  }
  if (ofTable) yield ofTable;
}

/** Marked before it is sent: a crash between leaves a row in flight that is recovered, never one touched twice at once. */
async function plan(
  profileId: string,
  failures: readonly [Failure, ...Failure[]],
  evidence: Evidence,
  ports: AutomationPorts,
): Promise<void> {
  const isByResync = await isResynced(profileId, ports);
  // What a trial shows now is more than what a healed probe has shown.
  const more = isByResync
    ? { trials: await tryGroups(profileId, failures, ports) }
    : await shownByTests(failures[0], ports);
  const { changes, retouches } = nextSteps(failures, ports.clock.now(), ports.options, {
    ...evidence,
    ...more,
  });
  await applySteps(profileId, changes, ports);
  const pace = isByResync ? atOnce(ports) : paceOf(!evidence.proof, ports);
  for (const step of retouches) await sendRows(profileId, step, pace, ports);
}

async function shownByTests({ organizationId }: Failure, ports: AutomationPorts): Promise<Evidence> {
  const facts = await ports.touchFacts.of(organizationId);
  return { impossible: impossibleBy(facts, ports.clock.now(), ports.options) };
}

/** Sends rows that a person has asked for, whatever they wait for. */
export async function sendAsked(profileId: string, step: RetouchStep, ports: AutomationPorts): Promise<void> {
  const pace = (await isResynced(profileId, ports)) ? atOnce(ports) : paceOf(false, ports);
  await sendRows(profileId, step, pace, ports);
}

/**
 * Sends rows in items of a hundred, each marked before it is sent, and at its turn. Rows that would wait too long for theirs
 * are not sent: the next probe releases them.
 */
async function sendRows(
  profileId: string,
  { table, rows }: RetouchStep,
  { size, turnOf }: Pace,
  ports: AutomationPorts,
): Promise<void> {
  for (let start = 0; start < rows.length; start += size) {
    const some = rows.slice(start, start + size);
    const steps = some.flatMap((row) => row.steps);
    const organizationId = steps[0]?.failure.organizationId ?? '';
    const turn = await turnOf(organizationId, some.length);
    if (!turn) return;
    const nextAttemptAt = turn.toISOString();
    const moved = await applySteps(
      profileId,
      steps.map(({ failure, become }) => ({ failure, become: { ...become, nextAttemptAt } })),
      ports,
    );
    const recordIds = [...new Set(moved.flatMap(({ recordId }) => recordId ?? []))];
    if (recordIds.length === 0) continue;
    const delaySeconds = Math.max(0, turn.getTime() - ports.clock.now().getTime()) / 1000;
    await ports.queues.retouchRow.send({ organizationId, profileId, table, recordIds }, delaySeconds);
  }
}

function lastExports({ tables }: ExportedProfile): ReadonlyMap<string, string> {
  return new Map(
    tables.flatMap(({ name, lastExportAt }) =>
      lastExportAt ? [[name.toLowerCase(), new Date(lastExportAt).toISOString()] as const] : [],
    ),
  );
}
