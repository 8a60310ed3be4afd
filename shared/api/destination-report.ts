import { messageWithCure, ServiceError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import type { ApiPorts } from './api-ports.ts';

/** What a check finds; an error of ours is a finding, a defect is not. */
export async function findingsOf(
  check: () => Promise<readonly DestinationFinding[]>,
): Promise<readonly DestinationFinding[]> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return [{ severity: 'error', code: error.code, message: messageWithCure(error) }];
  }
}

/** Reads the secret, checks its tags and its value, and tries the destination. */
export function destinationFindings(
  profile: Pick<Profile, 'organizationId' | 'destination' | 'tables'>,
  { destinations }: Pick<ApiPorts, 'destinations'>,
): Promise<readonly DestinationFinding[]> {
  return findingsOf(async () => {
    const destination = await destinations.open(profile);
    const found = await destination.test(
      profile.tables.map(({ name }) => ({ name, idSource: '', columns: [] })),
    );
    const opened = 'The secret was read; it is tagged for the organization and holds a connection string.';
    return [{ severity: 'ok', message: opened }, ...found];
  });
}

/**
 * The findings as lines for people, worst first. DES: clients take any 2xx for a passed test, so a report with an error
 * fails with `PROFILE_TEST_FAILED` (400), and the report is the message.
 */
export function destinationReport(profileName: string, findings: readonly DestinationFinding[]): string {
  const line = ({ severity, code, message }: DestinationFinding) =>
    `${severity}: ${message}${code === undefined ? '' : ` (${code})`}`;
  const sorted = (['error', 'warning', 'ok'] as const).flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
  const lines = sorted.map(line).join('\n');
  const errors = sorted.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return `Profile ${JSON.stringify(profileName)} passed.\n${lines}`;
  throw new ServiceError(
    'PROFILE_TEST_FAILED',
    `Cannot use profile ${JSON.stringify(profileName)}: ${errors.length} of ${findings.length} checks failed.\n${lines}`,
    { parameters: errors.map(line) },
  );
}
