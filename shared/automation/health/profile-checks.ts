import type { HealthCondition } from '../../model/health-finding.ts';
import { daySeconds, type Evidence, type Look, secondsFrom } from './evidence.ts';
import { clipped, momentText, quoted } from './words.ts';

/** Checks of a profile as a whole. Each tells what it has looked at; nothing where the exporter could not tell. */
export const profileChecks: readonly ((evidence: Evidence) => readonly Look[])[] = [
  profileNotActive,
  testFailing,
  secretExpiring,
];

/** A person who deactivates a profile means to; whether an inactive one is forgotten only time tells. */
function profileNotActive({ profile, now, activeAt, limits }: Evidence): readonly Look[] {
  const kind = 'profile-not-active';
  if (profile.state === 'error') return [{ kind, condition: inError(profile.name) }];
  const wasActive =
    activeAt !== undefined && secondsFrom(activeAt, now) < limits.inactiveWarningDays * daySeconds;
  if (profile.state === 'active' || !wasActive) return [{ kind }];
  const condition: HealthCondition = {
    severity: 'warning',
    message: `Profile ${quoted(profile.name)} exports nothing: it was last seen active ${momentText(activeAt)}.`,
    whatToDo: `Activate it; if it is meant to be inactive, do nothing: the finding ends ${limits.inactiveWarningDays} days after that.`,
  };
  return [{ kind, condition }];
}

const inError = (name: string): HealthCondition => ({
  severity: 'error',
  message: `Profile ${quoted(name)} is in an error state and exports nothing.`,
  whatToDo: "Run the profile's test, cure what it names, and activate the profile again.",
  isCertain: true,
});

function testFailing({ profile, test }: Evidence): readonly Look[] {
  const kind = 'test-failing';
  if (test === undefined) return [];
  if (test.isPassed) return [{ kind }];
  const report = test.report === '' ? 'it gave no report.' : clipped(test.report);
  const condition: HealthCondition = {
    severity: 'error',
    message: `The test of profile ${quoted(profile.name)} fails: ${report}`,
    whatToDo: 'Call GET /crm/exporter/profiles/{id}/test for the whole report, and do what its cures say.',
  };
  return [{ kind, condition }];
}

function secretExpiring({ profile, secret, now, limits }: Evidence): readonly Look[] {
  const kind = 'secret-expiring';
  if (secret === undefined) return [];
  const { endsAt, isCertificate = false } = secret;
  const left = endsAt === undefined ? Number.POSITIVE_INFINITY : secondsFrom(now, endsAt);
  if (endsAt === undefined || left > limits.secretExpiryDays * daySeconds) return [{ kind }];
  const condition: HealthCondition = {
    severity: left < daySeconds ? 'error' : 'warning',
    message: `The ${isCertificate ? 'certificate of the database server' : 'secret'} of profile ${quoted(profile.name)} ${left < 0 ? 'ended' : 'ends'} ${momentText(endsAt)}.`,
    whatToDo: isCertificate
      ? 'Have the database server show a new certificate; afterwards nothing connects to it.'
      : 'Set a new version of the secret in the key vault, with the same tags; it is taken by itself.',
    isCertain: true,
  };
  return [{ kind, condition }];
}
