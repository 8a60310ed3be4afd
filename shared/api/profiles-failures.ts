import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile } from './live-profile.ts';

/** DES: a link that reads and lists the profile's failure log for up to 24 hours; each call makes a new one. */
export async function profilesFailures(request: ApiRequest, ports: ApiPorts) {
  const { id } = await liveProfile(request, 'watch', ports);
  return { FailureBlobUri: await ports.failureLog.link(id) };
}
