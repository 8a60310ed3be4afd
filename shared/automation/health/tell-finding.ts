import type { HealthFinding } from '../../model/health-finding.ts';
import { secondsFrom } from './evidence.ts';
import type { HealthPorts } from './health-ports.ts';

const events = {
  opened: 'automation.finding.opened',
  'still there': 'automation.finding.seen',
  closed: 'automation.finding.closed',
} as const;

/** Tells telemetry of a finding. Its texts are those of its beginning, or of when it became an error, so that an alert stays the same while numbers move. */
export function tellFinding(
  what: keyof typeof events,
  finding: HealthFinding,
  { telemetry, clock }: Pick<HealthPorts, 'telemetry' | 'clock'>,
): void {
  const {
    id,
    kind,
    profileId,
    profileName,
    table = '',
    severity,
    openedAt,
    occurrences,
    flaps,
    opening,
  } = finding;
  telemetry.event(events[what], {
    ...{ findingId: id, kind, profileId, profileName, table, severity },
    ...{ since: openedAt, story: opening.message, whatToDo: opening.whatToDo },
    seconds: secondsFrom(openedAt, clock.now().toISOString()),
    ...{ occurrences, flaps },
  });
}
