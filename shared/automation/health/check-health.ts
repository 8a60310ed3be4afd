import { hasCode } from '../../errors.ts';
import { type HealthFinding, type HealthKind, healthFindingId } from '../../model/health-finding.ts';
import type { ExportedProfile } from '../../ports/exporter-api.ts';
import { eachWithoutStopping, logTrouble } from '../each-without-stopping.ts';
import { applyLook } from './apply-look.ts';
import { type Evidence, type Look, secondsFrom } from './evidence.ts';
import { gatherEvidence } from './gather-evidence.ts';
import type { HealthPorts, LookPorts } from './health-ports.ts';
import { lookAtExporter } from './look-at-exporter.ts';
import { profileChecks } from './profile-checks.ts';
import { failuresGrowing, tableChecks } from './table-checks.ts';
import { tellFinding } from './tell-finding.ts';
import { tellMetrics } from './tell-metrics.ts';

/** What a finding or a suspicion is about, within one profile. */
interface Subject {
  readonly kind: HealthKind;
  readonly table?: string | undefined;
  readonly seenAt?: string;
}

/** A message that is given up is one moment; it is over when none has followed for so long. */
const poisonSeconds = 3600;

/**
 * Looks at the health of every profile: opens findings, sees that they are still there, closes them, and tells telemetry of
 * each one that is open, and the numbers of each active profile. The trouble of one profile does not stop the others; while
 * the exporter cannot be asked, that alone is a finding, and nothing else is opened or closed. Profiles for which the time
 * does not suffice are looked at by a later run.
 */
export async function checkHealth(given: HealthPorts): Promise<void> {
  const startedAt = given.clock.now().getTime();
  const isOver = () => given.clock.now().getTime() >= startedAt + given.lookSeconds * 1000;
  const ports: LookPorts = { ...given, isOver };
  const known = await ports.findings.open();
  const byProfile = Map.groupBy(known, ({ profileId }) => profileId);
  const profiles = await profilesOf(ports);
  await lookAtExporter(profiles !== undefined, ports);
  await eachWithoutStopping(
    inTurn(profiles ?? [], startedAt),
    ({ name }) => `Looking at the health of profile "${name}"`,
    ports.log,
    (profile) => lookAt(profile, byProfile.get(profile.id) ?? [], ports),
  );
  const listed = new Set(profiles?.map(({ id }) => id));
  const others = profiles ? known.filter(({ profileId }) => !listed.has(profileId)) : [];
  await eachWithoutStopping(
    others,
    ({ id }) => `Looking at finding "${id}"`,
    ports.log,
    (finding) => lookAtLeftOver(finding, ports),
  );
  for (const finding of await ports.findings.open()) tellFinding('still there', finding, ports);
}

/** Another profile is the first of each run, in no order, so that the end of a run does not always meet the same ones. */
function inTurn(profiles: readonly ExportedProfile[], time: number): readonly ExportedProfile[] {
  const first = (Math.floor(time / 60_000) * 977) % Math.max(profiles.length, 1);
  return [...profiles.slice(first), ...profiles.slice(0, first)];
}

async function profilesOf({ exporter, log }: HealthPorts): Promise<readonly ExportedProfile[] | undefined> {
  try {
    return await exporter.profiles();
  } catch (error) {
    if (!logTrouble('Looking at the health', error, log)) throw error;
    return undefined;
  }
}

async function lookAt(profile: ExportedProfile, open: readonly HealthFinding[], ports: LookPorts) {
  if (ports.isOver()) return;
  const known = await ports.findings.notes(profile.id);
  const suspected = known?.suspected ?? [];
  const inDoubt: readonly Subject[] = [...open, ...suspected];
  const { evidence, notes } = await gatherEvidence(profile, known, inDoubt.length > 0, ports);
  const suspects = new Map(suspected.map((each) => [idOf(profile, each), each]));
  const openIds = new Set(open.map(({ id }) => id));
  for (const look of [...looksOf(evidence), ...looksAtOthers(evidence, inDoubt)]) {
    const { kind, table, condition } = look;
    const id = idOf(profile, look);
    const isSuspected = suspects.has(id);
    // Nothing was wrong, and nothing is.
    if (!condition && !isSuspected && !openIds.has(id)) continue;
    const step = await applyLook({ kind, profile, table }, condition, isSuspected, ports);
    if (step.isSuspected) suspects.set(id, { kind, table });
    else suspects.delete(id);
    if (step.finding?.state === 'open') openIds.add(id);
    else openIds.delete(id);
  }
  await ports.findings.setNotes({ ...notes, suspected: [...suspects.values()] });
  tellMetrics(evidence, openIds.size, ports);
}

const idOf = (profile: ExportedProfile, { kind, table }: Subject) =>
  healthFindingId({ kind, profile, table });

/** What each check has looked at. */
export function looksOf(evidence: Evidence): readonly Look[] {
  const tables = evidence.profile.state === 'active' ? evidence.tables : [];
  return [
    ...profileChecks.flatMap((check) => check(evidence)),
    ...failuresGrowing(evidence),
    ...tables.flatMap((table) => tableChecks.flatMap((check) => check(evidence, table))),
  ];
}

/** What no check looks at any more is not found any more: the profile was stopped, or the table taken out. */
function looksAtOthers({ profile, failures, now }: Evidence, known: readonly Subject[]): readonly Look[] {
  const names = new Set(profile.tables.map(({ name }) => name));
  return known.flatMap(({ kind, table, seenAt = now }): Look[] => {
    const look = { kind, ...(table !== undefined && { table }) };
    if (kind === 'poison-messages') return secondsFrom(seenAt, now) > poisonSeconds ? [look] : [];
    if (kind === 'profile-not-active') return [];
    const isOut = table !== undefined && !names.has(table);
    if (kind === 'failures-growing')
      return isOut && (names.size > 0 || failures?.has(table) === false) ? [look] : [];
    return profile.state !== 'active' || (isOut && names.size > 0) ? [look] : [];
  });
}

/** A finding of a profile that is not listed: deleted, unless its organization cannot be reached now. */
async function lookAtLeftOver(finding: HealthFinding, ports: HealthPorts): Promise<void> {
  const { kind, table, seenAt, profileId, profileName, organizationId } = finding;
  const now = ports.clock.now().toISOString();
  if (kind === 'poison-messages' && secondsFrom(seenAt, now) <= poisonSeconds) return;
  if (organizationId !== '') await reach(organizationId, ports);
  const profile = { id: profileId, name: profileName, organizationId };
  await applyLook({ kind, profile, table }, undefined, false, ports);
}

/** One that this service does not know any more has no profiles either. */
async function reach(organizationId: string, { organizations }: HealthPorts): Promise<void> {
  try {
    await organizations.dataverse(organizationId);
  } catch (error) {
    if (!hasCode(error, 'ORGANIZATION_UNKNOWN')) throw error;
  }
}
