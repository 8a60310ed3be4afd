import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile } from './live-profile.ts';
import { wantsStatus } from './query-values.ts';
import { profileDetails } from './wire-format.ts';

/** DES: one profile, with `status=true` with its counters. */
export async function profilesGet(request: ApiRequest, ports: ApiPorts) {
  const hasStatus = wantsStatus(request);
  const profile = await liveProfile(request, 'watch', ports);
  return profileDetails(profile, hasStatus ? await ports.syncStates.list(profile.id) : undefined);
}
