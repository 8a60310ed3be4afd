import { ServiceError } from '../errors.ts';
import type { Organization } from '../model/organization.ts';
import type { ApiPorts } from './api-ports.ts';

/** DES: some routes name the organization twice. `ORGANIZATION_UNKNOWN` when URL and id are not of one organization. */
export async function oneOrganization(
  { organizationUrl, organizationId }: Readonly<Record<'organizationUrl' | 'organizationId', string>>,
  { organizations }: Pick<ApiPorts, 'organizations'>,
): Promise<Organization> {
  const organization = await organizations.byUrl(organizationUrl);
  if (organization.id === organizationId.toLowerCase()) return organization;
  throw new ServiceError(
    'ORGANIZATION_UNKNOWN',
    `Cannot find organization ${JSON.stringify(organizationId.slice(0, 60))}: organizationUrl names another organization; expected URL and id of one.`,
    { parameters: ['organizationUrl', 'organizationId'] },
  );
}
