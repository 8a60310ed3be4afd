import type { Failure } from '../model/failure.ts';
import { namedBy } from '../model/status-snapshot.ts';
import type { ExportedProfile } from '../ports/exporter-api.ts';
import { applySteps } from './apply-steps.ts';
import type { AutomationPorts } from './automation-ports.ts';
import { eachProfile } from './each-without-stopping.ts';
import { type Evidence, nextSteps, type Proof, type RetouchStep } from './next-steps.ts';

const rowsPerItem = 100;

/**
 * Moves the failures of every active profile on: admits new ones, sends probes, gives up. To be called after ingestion.
 * Failures of tables that the profile does not name any more stay as they are, in case that it names them again.
 */
export async function planRetouches(ports: AutomationPorts): Promise<void> {
  await eachProfile('Planning the re-touches', ports, async (profile) => {
    if (profile.state !== 'active') return;
    await plan(profile.id, namedBy(profile), { lastExportAt: lastExports(profile) }, ports);
  });
}

/** Sends the rows that a healed probe has released, without waiting for the timer. */
export async function releaseRows(profileId: string, proof: Proof, ports: AutomationPorts): Promise<void> {
  await plan(profileId, (table) => table === proof.table, { proof }, ports);
}

/** Marked before it is sent: a crash between leaves a row in flight that is recovered, never one touched twice at once. */
async function plan(
  profileId: string,
  isConcerned: (table: string) => boolean,
  evidence: Evidence,
  ports: AutomationPorts,
): Promise<void> {
  const failures: Failure[] = [];
  for await (const failure of ports.ledger.open(profileId))
    if (isConcerned(failure.entity)) failures.push(failure);
  const { changes, retouches } = nextSteps(failures, ports.clock.now(), ports.options, evidence);
  await applySteps(profileId, changes, ports);
  for (const step of retouches) await sendRows(profileId, step, ports);
}

/** Sends rows in items of a hundred, each marked before it is sent. */
export async function sendRows(
  profileId: string,
  { table, rows }: RetouchStep,
  ports: AutomationPorts,
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerItem) {
    const steps = rows.slice(start, start + rowsPerItem).flatMap((row) => row.steps);
    const moved = await applySteps(profileId, steps, ports);
    const recordIds = [...new Set(moved.flatMap(({ recordId }) => recordId ?? []))];
    const organizationId = moved[0]?.organizationId;
    if (organizationId) await ports.queues.retouchRow.send({ organizationId, profileId, table, recordIds });
  }
}

function lastExports({ tables }: ExportedProfile): ReadonlyMap<string, string> {
  return new Map(
    tables.flatMap(({ name, lastExportAt }) =>
      lastExportAt ? [[name.toLowerCase(), new Date(lastExportAt).toISOString()] as const] : [],
    ),
  );
}
