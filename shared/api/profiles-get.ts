import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile } from './live-profile.ts';
import { queryValues } from './query-values.ts';
import { profileDetails } from './wire-format.ts';

/** DES: one profile, with `status=true` with its counters. */
export async function profilesGet(request: ApiRequest, ports: ApiPorts) {
  const { status } = queryValues(request, 'status');
  const profile = await liveProfile(request, 'watch', ports);
  return profileDetails(profile, status === 'true' ? await ports.syncStates.list(profile.id) : undefined);
}
