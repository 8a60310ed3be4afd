import { permittedOrganization } from '../access/permitted-organization.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { exportableRelationships } from './exportable-tables.ts';
import { queryValues } from './query-values.ts';

/** DES: the many-to-many relationships whose table can be exported, by name. */
export async function metadataRelationships(request: ApiRequest, ports: ApiPorts) {
  const query = queryValues(request, 'organizationUrl');
  const organization = await permittedOrganization(request.caller, 'manage', query, ports);
  const dataverse = await ports.organizations.dataverse(organization.id);
  const [relationships, tables] = await Promise.all([dataverse.relationships(), dataverse.tables()]);
  return exportableRelationships(relationships, tables)
    .map(({ name, firstTable, secondTable, intersectName }) => ({
      Entity1LogicalName: firstTable,
      Entity2LogicalName: secondTable,
      IntersectLogicalName: intersectName,
      IsIntersect: true,
      Name: name,
    }))
    .sort((one, other) => (one.Name < other.Name ? -1 : 1));
}
