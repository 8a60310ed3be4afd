import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { queryValues } from './query-values.ts';

/** DES: an origin without path or slash at the end, the only form that suits all clients: they append to it in three ways. */
export function connectorUrl(
  request: Pick<ApiRequest, 'origin'>,
  { serviceUrl }: Pick<ApiPorts, 'serviceUrl'>,
): string {
  return serviceUrl ?? request.origin;
}

/** DES: the address to send an organization's profiles to. URL and id must name the same organization. */
export async function metadataConnector(request: ApiRequest, ports: ApiPorts) {
  const query = queryValues(request, 'organizationUrl', 'organizationId');
  await permittedOrganization(request.caller, 'manage', query, ports);
  return { ConnectorUrl: connectorUrl(request, ports) };
}
