import type { ApiRequest } from '../model/api-request.ts';
import { requireAccess } from './access.ts';
import type { ApiPorts } from './api-ports.ts';
import { connectorUrl } from './metadata-connector.ts';
import { requiredQuery } from './query-values.ts';
import { discoverResponse } from './wire-format.ts';

/** DES: one organization by its URL, with the address to send its profiles to. */
export async function metadataDiscover(request: ApiRequest, ports: ApiPorts) {
  const { organizationUrl } = requiredQuery(request, 'organizationUrl');
  const organization = await ports.organizations.byUrl(organizationUrl);
  await requireAccess(request.caller, 'manage', organization.id, ports);
  return discoverResponse(organization, connectorUrl(request, ports));
}
