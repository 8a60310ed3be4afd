import { asNamed, ServiceError } from '../errors.ts';
import type { Caller } from '../model/caller.ts';
import { isGuid } from '../model/guid.ts';
import { type AccessPorts, isPermitted, isPermittedElsewhere, type Need, notAllowed } from './access.ts';

/** An id may be any text of the caller's. */
const shortened = (id: string) => asNamed(id).slice(0, 60);

/** `PROFILE_NOT_FOUND`. */
export function profileNotFound(id: string): ServiceError {
  return new ServiceError(
    'PROFILE_NOT_FOUND',
    `Cannot find profile ${JSON.stringify(shortened(id))}: there is none with this id, or it was deleted.`,
  );
}

/**
 * The profile that the caller names, after they were found to be allowed. Nobody learns from a refusal whether the profile
 * exists: who may use some organization is told `PROFILE_NOT_FOUND` of profiles of the others, and who may use none is told
 * `REQUEST_NOT_ALLOWED` of all. `find` is asked by lower-case guids only.
 */
export async function permittedProfile<Found extends { readonly organizationId: string }>(
  caller: Caller,
  need: Need,
  text: string,
  find: (id: string) => Promise<Found | undefined>,
  ports: AccessPorts,
): Promise<Found> {
  const id = text.trim().toLowerCase();
  const profile = isGuid(id) ? await find(id) : undefined;
  if (profile !== undefined && (await isPermitted(caller, need, profile.organizationId, ports)))
    return profile;
  if (await isPermittedElsewhere(caller, need, profile?.organizationId, ports)) throw profileNotFound(id);
  throw notAllowed(caller, need, `profile ${JSON.stringify(shortened(id))}`, shortened(id));
}
