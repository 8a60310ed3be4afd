import { type Evidence, secondsFrom, type TableEvidence } from './evidence.ts';
import type { HealthPorts } from './health-ports.ts';

/** Tells telemetry the numbers of one look at an active profile; what nobody could tell is left out. */
export function tellMetrics(
  evidence: Evidence,
  openFindings: number,
  { telemetry }: Pick<HealthPorts, 'telemetry'>,
): void {
  const { profile, failures, tables } = evidence;
  if (profile.state !== 'active') return;
  const whose = { profileId: profile.id, profileName: profile.name };
  const lags = tables.flatMap((table) => lagOf(table, evidence) ?? []);
  if (lags.length > 0) telemetry.metric('automation.profile.lag', Math.max(...lags), whose);
  if (failures) {
    const counts = [...failures.values()];
    const rows = counts.reduce((sum, each) => sum + each.rows, 0);
    const givenUp = counts.reduce((sum, each) => sum + each.givenUp, 0);
    telemetry.metric('automation.profile.failures', rows, whose);
    telemetry.metric('automation.profile.attention', givenUp, whose);
  }
  telemetry.metric('automation.profile.findings', openFindings, whose);
}

/** Seconds since a change was made that waits; else, at most, since all was exported: nobody looks for a change before the limit. */
function lagOf({ table, waiting }: TableEvidence, { now, limits }: Evidence): number | undefined {
  if (waiting === undefined) return undefined;
  if (waiting !== 'nothing') return Math.max(secondsFrom(waiting.changedAt, now), 0);
  const age = table.syncedAt === undefined ? 0 : secondsFrom(table.syncedAt, now);
  // After the limit the source was asked, and has nothing newer.
  return age > limits.lagSeconds ? 0 : Math.max(age, 0);
}
