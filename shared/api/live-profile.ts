import { asNamed, ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import { isGuid } from '../model/guid.ts';
import type { Profile } from '../model/profile.ts';
import { isPermitted, isPermittedElsewhere, type Need, notAllowed } from './access.ts';
import type { ApiPorts } from './api-ports.ts';

/** An id may be any text of the caller's. */
const shortened = (id: string) => asNamed(id).slice(0, 60);

/** `PROFILE_NOT_FOUND`. */
export function profileNotFound(id: string): ServiceError {
  return new ServiceError(
    'PROFILE_NOT_FOUND',
    `Cannot find profile ${JSON.stringify(shortened(id))}: there is none with this id, or it was deleted.`,
  );
}

/** The profile itself; `PROFILE_NOT_FOUND` when it is deleted. */
export function notDeleted(profile: Profile): Profile {
  if (profile.state === 'deleted') throw profileNotFound(profile.id);
  return profile;
}

/**
 * The profile that the request names, deleted or not, after the caller was found to be allowed. Nobody learns from a
 * refusal whether the profile exists: who may use some organization is told `PROFILE_NOT_FOUND` of profiles of the
 * others, and who may use none is told `REQUEST_NOT_ALLOWED` of all.
 */
export async function requestedProfile(
  request: ApiRequest,
  need: Need,
  ports: Pick<ApiPorts, 'profiles' | 'organizations' | 'log'>,
): Promise<Profile> {
  const { caller, id: text = '' } = request;
  const id = text.trim().toLowerCase();
  const profile = isGuid(id) ? await ports.profiles.get(id) : undefined;
  if (profile !== undefined && (await isPermitted(caller, need, profile.organizationId, ports)))
    return profile;
  if (await isPermittedElsewhere(caller, need, profile?.organizationId, ports)) throw profileNotFound(id);
  throw notAllowed(caller, need, `profile ${JSON.stringify(shortened(id))}`, shortened(id));
}

/** The same, without deleted ones. */
export async function liveProfile(...request: Parameters<typeof requestedProfile>): Promise<Profile> {
  return notDeleted(await requestedProfile(...request));
}
