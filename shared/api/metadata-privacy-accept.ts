import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { queryValues } from './query-values.ts';

/** DES: records the caller's answer to the privacy terms, acceptance or refusal, and gives it back. */
export async function metadataPrivacyAccept(request: ApiRequest, ports: ApiPorts): Promise<boolean> {
  const { caller } = request;
  const query = queryValues(request, 'organizationUrl', 'organizationId', 'isAuthorized');
  const organization = await permittedOrganization(caller, 'manage', query, ports);
  const isAccepted = query.isAuthorized === 'true';
  await ports.privacyTerms.record({
    organizationId: organization.id,
    isAccepted,
    answeredBy: caller.kind === 'user' ? caller.objectId : caller.clientId,
    answeredAt: ports.clock.now().toISOString(),
  });
  return isAccepted;
}
