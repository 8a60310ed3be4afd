import {
  isPermitted,
  isPermittedElsewhere,
  notAllowed,
  permittedOrganizations,
} from '../../access/access.ts';
import { permittedProfile } from '../../access/permitted-profile.ts';
import type { ServiceError } from '../../errors.ts';
import type { AutomationRequest } from '../../model/automation-api/request.ts';
import type { Caller } from '../../model/caller.ts';
import type { ExportedProfile } from '../../ports/exporter-api.ts';
import type { RequestPorts } from './request-ports.ts';

const what = 'the automation';

/** The exporter's profile with this id, after the caller was found to be allowed (`permittedProfile`). */
export function profileFor(caller: Caller, id: string, ports: RequestPorts): Promise<ExportedProfile> {
  const find = async (known: string) => {
    const profile = await ports.exporter.profile(known);
    return profile?.state === 'deleted' ? undefined : profile;
  };
  return permittedProfile(caller, 'operate', id, find, ports);
}

/** The same for a member of a body that may be anything; without it, whoever may use some organization goes on. */
export async function profileOfBody(
  caller: Caller,
  id: unknown,
  ports: RequestPorts,
): Promise<ExportedProfile | undefined> {
  if (typeof id === 'string' && id.trim() !== '') return profileFor(caller, id, ports);
  await permittedOrganizations(caller, 'operate', what, ports);
  return undefined;
}

/** Tells of an organization whether the caller may know what belongs to it. `REQUEST_NOT_ALLOWED` when they may use none. */
export async function organizationFilter(
  caller: Caller,
  ports: RequestPorts,
): Promise<(organizationId: string | undefined) => boolean> {
  const permitted = await permittedOrganizations(caller, 'operate', what, ports);
  return (id) => permitted === undefined || (id !== undefined && permitted.has(id));
}

/**
 * Refuses callers who may not use the organization that something belongs to: `notFound` for those of another one. What is of
 * no known organization is for applications only.
 */
export async function requireOrganization(
  caller: Caller,
  organizationId: string | undefined,
  notFound: () => ServiceError,
  ports: RequestPorts,
): Promise<void> {
  if (caller.kind === 'application') return requireElsewhere(caller, undefined, ports);
  if (organizationId !== undefined && (await isPermitted(caller, 'operate', organizationId, ports))) return;
  await requireElsewhere(caller, organizationId, ports);
  throw notFound();
}

async function requireElsewhere(caller: Caller, organizationId: string | undefined, ports: RequestPorts) {
  if (!(await isPermittedElsewhere(caller, 'operate', organizationId, ports)))
    throw notAllowed(caller, 'operate', what, what);
}

/** Who asks, for the operation. */
export function nameOf({ caller }: AutomationRequest): string {
  return caller.kind === 'user' ? caller.objectId : caller.clientId;
}
