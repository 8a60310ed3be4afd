import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { connectorUrl } from './metadata-connector.ts';
import { queryValues } from './query-values.ts';
import { discoverResponse } from './wire-format.ts';

/** DES: one organization by its URL, with the address to send its profiles to. */
export async function metadataDiscover(request: ApiRequest, ports: ApiPorts) {
  const query = queryValues(request, 'organizationUrl');
  const organization = await permittedOrganization(request.caller, 'manage', query, ports);
  return discoverResponse(organization, connectorUrl(request, ports));
}
