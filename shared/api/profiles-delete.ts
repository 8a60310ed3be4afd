import type { ApiRequest } from '../model/api-request.ts';
import { stopped } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';
import { requestedProfile } from './live-profile.ts';

/**
 * DES: deletes a profile in any state. First it is marked, so that work on its way is void; then its sync states and its
 * document go, and its name is free. Asking again after a crash finishes the work. The tables in the destination and the
 * failure log stay: the log outlives its profile for the 30 days that entries are kept.
 */
export async function profilesDelete(request: ApiRequest, ports: ApiPorts): Promise<undefined> {
  const { id } = await requestedProfile(request, 'manage', ports);
  const lastModifiedAt = ports.clock.now().toISOString();
  await ports.profiles.update(id, (current) => {
    const next = stopped(current, 'deleted');
    return next === current ? current : { ...next, lastModifiedAt };
  });
  await ports.syncStates.remove(id);
  await ports.profiles.remove(id);
}
