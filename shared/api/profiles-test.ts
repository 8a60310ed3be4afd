import type { ApiRequest } from '../model/api-request.ts';
import type { Profile } from '../model/profile.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import type { ApiPorts } from './api-ports.ts';
import { destinationFindings, destinationReport, findingsOf } from './destination-report.ts';
import { tableFindings } from './exportable-tables.ts';
import { liveProfile } from './live-profile.ts';

function sourceFindings(
  profile: Profile,
  { organizations }: ApiPorts,
): Promise<readonly DestinationFinding[]> {
  return findingsOf(async () => {
    const dataverse = await organizations.dataverse(profile.organizationId);
    const names = profile.tables.map(({ name }) => name);
    const findings = await tableFindings(names, dataverse);
    return findings.length > 0 ? findings : [{ severity: 'ok', message: 'All tables can be exported.' }];
  });
}

/** DES: tries what an existing profile needs: its tables, vault, secret, tags, server, login and permissions. */
export async function profilesTest(request: ApiRequest, ports: ApiPorts): Promise<string> {
  const profile = await liveProfile(request, 'manage', ports);
  const findings = await Promise.all([sourceFindings(profile, ports), destinationFindings(profile, ports)]);
  return destinationReport(profile.name, findings.flat());
}
