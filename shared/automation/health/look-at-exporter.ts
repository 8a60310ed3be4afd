import { type HealthKind, noProfile } from '../../model/health-finding.ts';
import { applyLook } from './apply-look.ts';
import type { HealthPorts } from './health-ports.ts';

const kind: HealthKind = 'exporter-unreachable';
const profile = { id: noProfile, name: 'all profiles', organizationId: '' };
const condition = {
  severity: 'error',
  message: 'The exporter cannot be asked for its profiles: nobody sees how they are, and no failure is read.',
  whatToDo:
    'See whether the exporter runs, and EXPORTER_URL and the role of the app there; the log has the reason.',
} as const;

/** Looks whether the exporter answers at all: once it may be silent; a finding that is over ends like those of profiles. */
export async function lookAtExporter(isReached: boolean, { findings, ...ports }: HealthPorts): Promise<void> {
  const known = await findings.notes(noProfile);
  const isSuspected = known?.suspected.some((each) => each.kind === kind) ?? false;
  if (isReached && !isSuspected) return;
  const step = isReached
    ? { isSuspected: false }
    : await applyLook({ kind, profile }, condition, isSuspected, { findings, ...ports });
  const suspected = step.isSuspected ? [{ kind, table: undefined }] : [];
  const none = { activeAt: undefined, testedAt: undefined, secretAskedAt: undefined };
  const noToken = { tokenDays: undefined, tokenAskedAt: undefined };
  const seenAt = ports.clock.now().toISOString();
  await findings.setNotes({ ...none, ...noToken, profileId: noProfile, seenAt, suspected, tables: {} });
}
