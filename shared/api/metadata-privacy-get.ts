import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { queryValues } from './query-values.ts';

/** DES: whether the privacy terms of the organization are accepted, by the latest answer. */
export async function metadataPrivacyGet(request: ApiRequest, ports: ApiPorts): Promise<boolean> {
  const query = queryValues(request, 'organizationId');
  const organization = await permittedOrganization(request.caller, 'manage', query, ports);
  return (await ports.privacyTerms.latest(organization.id))?.isAccepted ?? false;
}
