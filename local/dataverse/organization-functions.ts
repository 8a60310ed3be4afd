import { type Answer, type ApiRequest, jsonAnswer } from './api-request.ts';
import { rightsOf } from './callers.ts';
import { badQuery, DataverseError, errorCodes } from './errors.ts';
import { metadataChanges } from './metadata/metadata-changes.ts';
import { contoso, type Organization } from './organization.ts';
import { heldPrivileges } from './privileges.ts';
import type { Table } from './schema/table.ts';

const namespace = 'Microsoft.Dynamics.CRM';

/** The unbound functions that are simulated; undefined for any other path. */
export function organizationFunction(organization: Organization, request: ApiRequest): Answer | undefined {
  const name = /^(\w+)(?:\(.*\))?$/s.exec(request.path)?.[1];
  const answer = (type: string, facts: object) => functionAnswer(request, type, facts);
  switch (name) {
    case 'WhoAmI':
      return answer('WhoAmI', {
        BusinessUnitId: contoso.businessUnitId,
        UserId: request.caller.userId,
        OrganizationId: organization.id,
      });
    case 'RetrieveVersion':
      return answer('RetrieveVersion', { Version: contoso.version });
    case 'RetrieveCurrentOrganization':
      return answer('RetrieveCurrentOrganization', { Detail: organizationDetail(organization) });
    case 'RetrieveMetadataChanges':
      return answer('RetrieveMetadataChanges', metadataChanges(organization, request));
    case 'RetrieveTotalRecordCount':
      return answer('RetrieveTotalRecordCount', {
        EntityRecordCountCollection: totals(organization, request),
      });
    default:
      return undefined;
  }
}

/** The functions of a user that are simulated; undefined for anything else that stands behind a row's address. */
export function userFunction(
  organization: Organization,
  table: Table,
  id: string,
  rest: string,
  request: ApiRequest,
): Answer | undefined {
  const name = 'RetrieveUserSetOfPrivilegesByNames';
  const isAsked = table.name === 'systemuser' && rest.startsWith(`${namespace}.${name}(`);
  if (!isAsked || !organization.switches.tellsSetOfPrivileges) return undefined;
  const held = heldPrivileges(organization, namesIn(request, 'PrivilegeNames'), rightsOf(organization, id));
  return functionAnswer(request, name, { RolePrivileges: held });
}

function functionAnswer(request: ApiRequest, type: string, facts: object): Answer {
  const context = `${request.root}/$metadata#${namespace}.${type}Response`;
  return jsonAnswer({ '@odata.context': context, ...facts });
}

function organizationDetail({ url, id, name, tenantId }: Organization): object {
  return {
    OrganizationId: id,
    FriendlyName: name,
    OrganizationVersion: contoso.version,
    EnvironmentId: `${id.slice(0, -2)}ee`,
    DatacenterId: '00000000-0000-4000-8000-0000000000dc',
    Geo: 'EMEA',
    TenantId: tenantId,
    UrlName: name.toLowerCase(),
    UniqueName: name.toLowerCase(),
    State: 'Enabled',
    Endpoints: {
      Count: 3,
      IsReadOnly: false,
      Keys: ['WebApplication', 'OrganizationService', 'OrganizationDataService'],
      Values: [
        `${url}/`,
        `${url}/XRMServices/2011/Organization.svc`,
        `${url}/XRMServices/2011/OrganizationData.svc`,
      ],
    },
  };
}

/** The real numbers are a snapshot of up to 24 hours ago; these are exact. */
function totals({ schema, store }: Organization, request: ApiRequest): object {
  const names = namesIn(request, 'EntityNames');
  for (const name of names)
    if (!schema.tables.has(name))
      throw new DataverseError(
        400,
        errorCodes.notFound,
        `The entity with a name = '${name}' was not found in the MetadataCache.`,
      );
  return {
    Count: names.length,
    IsReadOnly: false,
    Keys: names,
    Values: names.map((name) => store.count(name)),
  };
}

/** A list of names in the parentheses behind a function's name, or behind an alias in the query. */
function namesIn({ path, query }: ApiRequest, parameter: string): string[] {
  const given = new RegExp(`\\(${parameter}=(@\\w+|\\[.*\\])\\)$`).exec(path)?.[1];
  const text = given?.startsWith('@') ? query.get(given) : given;
  try {
    const names: unknown = JSON.parse(text ?? '');
    if (Array.isArray(names)) return names.map(String);
  } catch {
    // Refused below.
  }
  throw badQuery(`Bad Request - Error in query syntax: ${parameter} must be a list of names.`);
}
