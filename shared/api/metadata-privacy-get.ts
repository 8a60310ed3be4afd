import type { ApiRequest } from '../model/api-request.ts';
import { requireAccess } from './access.ts';
import type { ApiPorts } from './api-ports.ts';
import { requiredQuery } from './query-values.ts';

/** DES: whether the privacy terms of the organization are accepted, by the latest answer. */
export async function metadataPrivacyGet(request: ApiRequest, ports: ApiPorts): Promise<boolean> {
  const { organizationId } = requiredQuery(request, 'organizationId');
  const organization = await ports.organizations.byId(organizationId);
  await requireAccess(request.caller, 'manage', organization.id, ports);
  return (await ports.privacyTerms.latest(organization.id))?.isAccepted ?? false;
}
