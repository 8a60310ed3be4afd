import type { Organization } from '../../model/organization.ts';
import type { Dataverse } from '../../ports/dataverse.ts';
import { readMetadataChanges } from './metadata-changes.ts';
import { readOptionSets } from './option-sets.ts';
import { newestChanges, readRowCounts } from './read-health.ts';
import { readPage } from './read-page.ts';
import { tablesThatNotAllRead } from './read-privileges.ts';
import { readDeltaTokenDays, readMetadataVersion, readRows } from './read-rows.ts';
import { readRelationships } from './relationships.ts';
import { readTableDefinition, readTables } from './table-definition.ts';
import { users } from './users.ts';
import { type WebApi, type WebApiOptions, webApi } from './web-api.ts';
import { writeRow } from './write-row.ts';

/** One organization. `pageSize` is what each page is asked with, 1 to 5000 rows. */
export interface DataverseOptions extends WebApiOptions {
  readonly pageSize: number;
}

/** The Web API of one organization. Make one a process, so that throttling and the user cache are shared. */
export function dataverse(options: DataverseOptions): Dataverse {
  const api = webApi(options);
  const { isSystemAdministrator, isEnabledUser } = users(api, options.clock);
  let known: Promise<Organization> | undefined;
  return {
    organization() {
      known ??= readOrganization(api).catch((error: unknown) => {
        known = undefined;
        throw error;
      });
      return known;
    },
    tables: () => readTables(api),
    relationships: () => readRelationships(api),
    tablesWithoutRead: (tables) => tablesThatNotAllRead(api, tables),
    tableDefinition: (logicalName) => readTableDefinition(api, logicalName),
    optionSets: (table) => readOptionSets(api, table),
    metadataVersion: () => readMetadataVersion(api),
    metadataChanges: (table, since) => readMetadataChanges(api, table, since),
    readPage: (request) => readPage(api, options.pageSize, request),
    newestChange: newestChanges(api),
    rowCounts: (tables) => readRowCounts(api, tables),
    deltaTokenDays: () => readDeltaTokenDays(api),
    readRows: (query, ids) => readRows(api, query, ids),
    writeRow: (...parameters) => writeRow(api, ...parameters),
    isSystemAdministrator,
    isEnabledUser,
  };
}

async function readOrganization(api: WebApi): Promise<Organization> {
  const accessType = encodeURIComponent("Microsoft.Dynamics.CRM.EndpointAccessType'Default'");
  const { Detail } = await api.get<{
    Detail: { OrganizationId: string; FriendlyName: string; TenantId: string };
  }>(
    'read the facts',
    `RetrieveCurrentOrganization(AccessType=@p1)?@p1=${accessType}`,
    {},
    { isAwaited: true },
  );
  return {
    id: Detail.OrganizationId.toLowerCase(),
    name: Detail.FriendlyName,
    url: `${api.origin}/`,
    tenantId: Detail.TenantId.toLowerCase(),
  };
}
