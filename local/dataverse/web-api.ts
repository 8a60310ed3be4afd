import type { Answer, ApiRequest } from './api-request.ts';
import { badQuery, unknownSegment } from './errors.ts';
import { entityDefinitions, relationshipDefinitions } from './metadata/entity-definitions.ts';
import type { Organization } from './organization.ts';
import { organizationFunction } from './organization-functions.ts';
import { countCollection, readCollection } from './rows/read-collection.ts';
import { createRow, patchRow, readRow, removeRow } from './rows/single-row.ts';
import { countTracked, readTracked } from './rows/track-changes.ts';
import type { Table } from './schema/table.ts';
import { isGuid, sortKey } from './store/guid-order.ts';
import { parseRow } from './store/row-text.ts';

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
  return isDelta || request.prefer.isTracking
    ? readTracked(organization, table, request)
    : readCollection(organization, table, request);
}

function single(
  organization: Organization,
  table: Table,
  id: string,
  rest: string | undefined,
  request: ApiRequest,
): Answer | undefined {
  if (rest !== undefined)
    return request.method === 'GET' ? related(organization, table, id, rest, request) : undefined;
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
  const { schema, store } = organization;
  const link = [...schema.tables.values()]
    .flatMap((one) => one.manyToMany)
    .find((one) => one.schemaName === navigation);
  if (!link || ![link.first.table, link.second.table].includes(table.name) || !isGuid(id))
    throw unknownSegment(navigation);
  const [near, far] = link.first.table === table.name ? [link.first, link.second] : [link.second, link.first];
  const target = schema.tables.get(far.table);
  if (!target) throw unknownSegment(navigation);
  const keys: string[] = [];
  for (const row of store.scan(link.intersect, {})) {
    const values = parseRow(row.text);
    if (values.get(near.column) === `"${id.toLowerCase()}"`)
      keys.push(sortKey(values.get(far.column)?.slice(1, -1) ?? ''));
  }
  return readCollection(organization, target, request, { range: {}, keys: keys.sort() });
}
