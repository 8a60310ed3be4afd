import type { Answer, ApiRequest } from './api-request.ts';
import { badQuery, unknownSegment } from './errors.ts';
import { entityDefinitions, relationshipDefinitions } from './metadata/entity-definitions.ts';
import { invalidCookie } from './odata/paging-cookie.ts';
import type { Organization } from './organization.ts';
import { organizationFunction, userFunction } from './organization-functions.ts';
import { missingPrivilege } from './privileges.ts';
import { expiredToken } from './rows/delta-token.ts';
import { findLink, linkedKeys } from './rows/linked-rows.ts';
import { countCollection, readCollection } from './rows/read-collection.ts';
import { createRow, patchRow, readRow, removeRow } from './rows/single-row.ts';
import { countTracked, readTracked } from './rows/track-changes.ts';
import type { Table } from './schema/table.ts';
import { isGuid, sortKey } from './store/guid-order.ts';

/** Answers one call of the Web API; throws a DataverseError for everything that the API answers with an error. */
export function answerWebApi(organization: Organization, request: ApiRequest): Answer {
  const { path, method } = request;
  if (method === 'GET') {
    if (path.startsWith('EntityDefinitions')) return entityDefinitions(organization, request);
    if (path.startsWith('RelationshipDefinitions')) return relationshipDefinitions(organization, request);
    const answer = organizationFunction(organization, request);
    if (answer) return answer;
  }
  const [, set = '', id, rest] = /^([A-Za-z_]\w*)(?:\(([^)]*)\))?(?:\/(.+))?$/.exec(path) ?? [];
  const table = organization.schema.bySet.get(set);
  if (!table) throw unknownSegment(set || path);
  if (method === 'GET' && !request.caller.readDepth(table))
    throw missingPrivilege(request.caller, 'Read', table);
  const answer =
    id === undefined
      ? collection(organization, table, rest, request)
      : single(organization, table, id, rest, request);
  if (!answer) throw badQuery(`The method ${method} is not allowed for '${path}', or is not simulated.`);
  return answer;
}

function collection(
  organization: Organization,
  table: Table,
  rest: string | undefined,
  request: ApiRequest,
): Answer | undefined {
  if (request.method === 'POST' && rest === undefined) return createRow(organization, table, request);
  if (request.method !== 'GET') return undefined;
  const isDelta = request.query.has('$deltatoken');
  if (rest === '$count')
    return isDelta
      ? countTracked(organization, table, request)
      : countCollection(organization, table, request);
  if (rest !== undefined) return undefined;
  if (organization.switches.linksBoundToUser) bindToUser(organization, request, isDelta);
  return isDelta || request.prefer.isTracking
    ? readTracked(organization, table, request)
    : readCollection(organization, table, request);
}

/** Links carry whose they are, and another user's are refused; where the real service would keep that cannot be seen. */
function bindToUser({ switches }: Organization, { query, caller }: ApiRequest, isDelta: boolean): void {
  const owner = query.get('user') ?? caller.userId;
  if (owner !== caller.userId && query.has('$skiptoken')) throw invalidCookie();
  if (owner !== caller.userId && isDelta) throw expiredToken(switches.expiredStatus);
  query.set('user', caller.userId);
}

function single(
  organization: Organization,
  table: Table,
  id: string,
  rest: string | undefined,
  request: ApiRequest,
): Answer | undefined {
  if (rest !== undefined) {
    if (request.method !== 'GET') return undefined;
    return (
      userFunction(organization, table, id, rest, request) ?? related(organization, table, id, rest, request)
    );
  }
  if (request.method === 'GET') return readRow(organization, table, id, request);
  if (request.method === 'PATCH') return patchRow(organization, table, id, request);
  return request.method === 'DELETE' ? removeRow(organization, table, id, request) : undefined;
}

/** Rows at the other end of a many-to-many relationship, such as `systemusers(id)/systemuserroles_association`. */
function related(
  organization: Organization,
  table: Table,
  id: string,
  navigation: string,
  request: ApiRequest,
): Answer {
  const link = findLink(organization, table, navigation);
  if (!link || !isGuid(id)) throw unknownSegment(navigation);
  const { intersect, near, far, farTable } = link;
  const keys = linkedKeys(
    organization.store,
    { intersect, from: near, to: far },
    (key) => key === sortKey(id),
  );
  return readCollection(organization, farTable, request, { range: {}, keys });
}
