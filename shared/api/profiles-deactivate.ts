import type { ApiRequest } from '../model/api-request.ts';
import { stopped } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { liveProfile, notDeleted } from './live-profile.ts';
import { statusResponse } from './wire-format.ts';

/** DES: stops replication. Work on its way finds the profile inactive and is void; what was replicated stays. */
export async function profilesDeactivate(request: ApiRequest, ports: ApiPorts) {
  const { id } = await liveProfile(request, 'manage', ports);
  const lastModifiedAt = ports.clock.now().toISOString();
  const profile = await ports.profiles.update(id, (current) => {
    const next = stopped(notDeleted(current), 'inactive');
    return next === current ? current : { ...next, lastModifiedAt };
  });
  return statusResponse(profile);
}
