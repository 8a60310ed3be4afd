import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { isExportable } from './exportable-tables.ts';
import { queryValues } from './query-values.ts';

/** DES: the organization's exportable tables, by logical name. */
export async function metadataEntities(request: ApiRequest, ports: ApiPorts) {
  const query = queryValues(request, 'organizationUrl');
  const organization = await permittedOrganization(request.caller, 'manage', query, ports);
  const tables = await (await ports.organizations.dataverse(organization.id)).tables();
  return tables
    .filter(isExportable)
    .map(({ displayName, logicalName }) => ({ DisplayName: displayName, LogicalName: logicalName }))
    .sort((one, other) => (one.LogicalName < other.LogicalName ? -1 : 1));
}
