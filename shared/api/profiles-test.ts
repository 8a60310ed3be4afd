import { asServiceError, messageWithCure, ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Profile } from '../model/profile.ts';
import type { DestinationFinding } from '../ports/destination.ts';
import type { ApiPorts } from './api-ports.ts';
import { destinationFindings, destinationReport } from './destination-report.ts';
import { tableFindings } from './exportable-tables.ts';
import { liveProfile } from './live-profile.ts';

async function sourceFindings(profile: Profile, ports: ApiPorts): Promise<readonly DestinationFinding[]> {
  try {
    const tables = await (await ports.organizations.dataverse(profile.organizationId)).tables();
    const findings = tableFindings(
      profile.tables.map(({ name }) => name),
      tables,
    );
    return findings.length > 0 ? findings : [{ severity: 'ok', message: 'All tables can be exported.' }];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return [{ severity: 'error', code: error.code, message: messageWithCure(asServiceError(error)) }];
  }
}

/** DES: tries what an existing profile needs: its tables, vault, secret, tags, server, login and permissions. */
export async function profilesTest(request: ApiRequest, ports: ApiPorts): Promise<string> {
  const profile = await liveProfile(request, 'manage', ports);
  const findings = await Promise.all([sourceFindings(profile, ports), destinationFindings(profile, ports)]);
  return destinationReport(profile.name, findings.flat());
}
