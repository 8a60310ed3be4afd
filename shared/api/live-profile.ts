import type { Need } from '../access/access.ts';
import { permittedProfile, profileNotFound } from '../access/permitted-profile.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Profile } from '../model/profile.ts';
import type { ApiPorts } from './api-ports.ts';

/** The profile itself; `PROFILE_NOT_FOUND` when it is deleted. */
export function notDeleted(profile: Profile): Profile {
  if (profile.state === 'deleted') throw profileNotFound(profile.id);
  return profile;
}

/** The profile that the request names, deleted or not, after the caller was found to be allowed (`permittedProfile`). */
export function requestedProfile(
  { caller, id = '' }: ApiRequest,
  need: Need,
  ports: Pick<ApiPorts, 'profiles' | 'organizations' | 'log'>,
): Promise<Profile> {
  return permittedProfile(caller, need, id, (known) => ports.profiles.get(known), ports);
}

/** The same, without deleted ones. */
export async function liveProfile(...request: Parameters<typeof requestedProfile>): Promise<Profile> {
  return notDeleted(await requestedProfile(...request));
}
