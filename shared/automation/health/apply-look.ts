import {
  afterLook,
  type HealthCondition,
  type HealthStep,
  type HealthSubject,
  healthFindingId,
} from '../../model/health-finding.ts';
import type { HealthPorts } from './health-ports.ts';
import { tellFinding } from './tell-finding.ts';

/** Takes one look into account, and tells what it has changed. */
export async function applyLook(
  subject: HealthSubject,
  condition: HealthCondition | undefined,
  isSuspected: boolean,
  ports: Pick<HealthPorts, 'findings' | 'clock' | 'limits' | 'telemetry'>,
): Promise<HealthStep> {
  let step: HealthStep = { isSuspected };
  const now = ports.clock.now().toISOString();
  await ports.findings.update(healthFindingId(subject), (finding) => {
    step = afterLook({ finding, isSuspected }, subject, condition, now, ports.limits.quietSeconds);
    return step.finding;
  });
  if (step.finding && step.news) tellFinding(step.news, step.finding, ports);
  return step;
}
