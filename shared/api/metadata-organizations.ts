import { canSee } from '../access/access.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { connectorUrl } from './metadata-connector.ts';
import { discoverResponse } from './wire-format.ts';

/** DES: the organizations that the caller belongs to; an empty list for a stranger. */
export async function metadataOrganizations(request: ApiRequest, ports: ApiPorts) {
  const organizations = await ports.organizations.all();
  const areVisible = await Promise.all(organizations.map(({ id }) => canSee(request.caller, id, ports)));
  return organizations
    .filter((_, index) => areVisible[index])
    .map((organization) => discoverResponse(organization, connectorUrl(request, ports)));
}
