import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile } from './live-profile.ts';
import { profileReport } from './profile-report.ts';
import { tryProfile } from './try-profile.ts';

/** DES: tries what an existing profile needs: its tables, vault, secret, tags, server, login and permissions. */
export async function profilesTest(request: ApiRequest, ports: ApiPorts): Promise<string> {
  const profile = await liveProfile(request, 'manage', ports);
  return profileReport(profile.name, await tryProfile(profile, ports));
}
