import { asNamed, ServiceError } from '../errors.ts';
import type { Caller } from '../model/caller.ts';
import type { Organization } from '../model/organization.ts';
import { type AccessPorts, isPermitted, type Need, notAllowed } from './access.ts';

/** By URL, by id, or by both: DES has routes that name it twice. */
type NamedOrganization =
  | { readonly organizationUrl: string; readonly organizationId?: string }
  | { readonly organizationUrl?: undefined; readonly organizationId: string };

/**
 * The organization that the caller names, after they were found to be allowed: `REQUEST_NOT_ALLOWED` for others, who
 * learn nothing of it but the name they gave. `ORGANIZATION_UNKNOWN` when it is none of ours, or URL and id are of two.
 */
export async function permittedOrganization(
  caller: Caller,
  need: Need,
  { organizationUrl, organizationId }: NamedOrganization,
  ports: AccessPorts,
): Promise<Organization> {
  const { byUrl, byId } = ports.organizations;
  const organization = await (organizationUrl === undefined ? byId(organizationId) : byUrl(organizationUrl));
  const name = asNamed(organizationUrl ?? organizationId);
  if (!(await isPermitted(caller, need, organization.id, ports)))
    throw notAllowed(caller, need, `organization ${JSON.stringify(name)}`, name);
  if (organizationId === undefined || organizationId.toLowerCase() === organization.id) return organization;
  throw new ServiceError(
    'ORGANIZATION_UNKNOWN',
    `Cannot find organization ${JSON.stringify(asNamed(organizationId))}: organizationUrl names another organization; expected URL and id of one.`,
    { parameters: ['organizationUrl', 'organizationId'] },
  );
}
