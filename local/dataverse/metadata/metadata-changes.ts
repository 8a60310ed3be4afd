import type { ApiRequest } from '../api-request.ts';
import { badQuery, DataverseError, errorCodes } from '../errors.ts';
import type { Organization } from '../organization.ts';
import { expiredToken } from '../rows/delta-token.ts';
import type { TouchedNode } from '../schema/change-history.ts';
import type { Column, Table } from '../schema/table.ts';
import { attributeClass, attributeMetadata, optionSet } from './attribute-metadata.ts';
import type { Definition } from './definition-query.ts';
import { entityDefinition } from './entity-definitions.ts';
import { metadataId } from './metadata-id.ts';
import { relationshipsOf } from './relationships.ts';

type Properties = { AllProperties?: boolean; PropertyNames?: string[] };
type Condition = { ConditionOperator: string; PropertyName: string; Value: { Value: string } };
type EntityQuery = {
  Properties?: Properties;
  Criteria?: { FilterOperator?: string; Conditions?: Condition[] };
  AttributeQuery?: { Properties?: Properties };
};

/**
 * `RetrieveMetadataChanges`: all that the query asks for, or what of it was touched since a stamp, and the ids of what was
 * deleted of all tables since then. A stamp is a revision and a time.
 */
export function metadataChanges(organization: Organization, request: ApiRequest): object {
  const { switches, schema } = organization;
  if (switches.metadataChanges === 'refused')
    throw new DataverseError(
      403,
      errorCodes.privilegeDenied,
      'Principal user is missing prvReadEntity privilege.',
    );
  const query = queryOf(request);
  const since = revisionOf(organization, parameter(request, 'ClientVersionStamp'));
  const isFresh = switches.changesHeedConsistency && request.headers.consistency === 'Strong';
  const revision = isFresh ? schema.revision() : schema.revisionBefore(switches.staleMetadataVersionSeconds);
  const touched = schema.history.nodes.filter(
    (node) =>
      node.revision > (since ?? 0) &&
      node.revision <= revision &&
      (switches.changesTellGlobalChoices || !node.isByGlobalChoice),
  );
  const tables = [...schema.tables.values()].filter((table) => isWanted(entityDefinition(table), query));
  const deleted =
    since === undefined ? null : deletedOf(touched, parameter(request, 'DeletedMetadataFilters') ?? '');
  return {
    ServerVersionStamp: stampOf(revision),
    EntityMetadata: tables.flatMap(
      (table) => tableNode(organization, table, query, since === undefined ? undefined : touched) ?? [],
    ),
    DeletedMetadata: deleted,
  };
}

/** What stands behind the parameter's alias, without quotes and the name of an enum. */
function parameter({ path, query }: ApiRequest, name: string): string | undefined {
  const alias = new RegExp(`[(,]${name}=(@\\w+)`).exec(path)?.[1];
  const text = alias === undefined ? undefined : (query.get(alias) ?? undefined);
  return /^[\w.]*'(.*)'$/s.exec(text ?? '')?.[1] ?? text;
}

function queryOf(request: ApiRequest): EntityQuery {
  try {
    return JSON.parse(parameter(request, 'Query') ?? '{}') as EntityQuery;
  } catch {
    throw badQuery('Bad Request - Error in query syntax: Query must be an EntityQueryExpression.');
  }
}

function stampOf(revision: number): string {
  const [date = '', time = ''] = new Date().toISOString().split(/[T.]/);
  const [year, month, day] = date.split('-');
  return `${revision}!${month}/${day}/${year} ${time}`;
}

function revisionOf({ switches, schema }: Organization, stamp: string | undefined): number | undefined {
  if (stamp === undefined) return undefined;
  const revision = Number(/^(\d+)!\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d$/.exec(stamp)?.[1] ?? Number.NaN);
  if (Number.isNaN(revision))
    throw new DataverseError(400, errorCodes.invalidArgument, 'Invalid version stamp');
  if (switches.metadataChanges === 'expired' || revision < schema.history.voidBefore())
    throw expiredToken(400);
  return revision;
}

function isWanted(definition: Definition, { Criteria }: EntityQuery): boolean {
  const conditions = Criteria?.Conditions ?? [];
  const isMet = ({ ConditionOperator, PropertyName, Value }: Condition) =>
    (String(definition[PropertyName]) === Value.Value) === (ConditionOperator === 'Equals');
  return Criteria?.FilterOperator === 'Or' ? conditions.some(isMet) : conditions.every(isMet);
}

/** `touched`: only if one of these is among what is asked for; undefined: as it is. */
function tableNode(
  organization: Organization,
  table: Table,
  query: EntityQuery,
  touched?: readonly TouchedNode[],
): Definition | undefined {
  const mine = touched?.filter((node) => node.table === table.name && !node.isDeleted);
  const isOwn = mine?.some(({ column }) => column === undefined);
  const asksFor = (name: string) =>
    query.Properties?.AllProperties || query.Properties?.PropertyNames?.includes(name);
  const columns = asksFor('Attributes')
    ? table.columns.filter(({ name }) => !mine || mine.some(({ column }) => column === name))
    : [];
  if (mine && !isOwn && columns.length === 0) return undefined;
  const names = new Set(columns.map(({ name }) => name));
  const toOne = (relationshipsOf(organization, table, 'ManyToOneRelationships') ?? []).filter((one) =>
    names.has(String(one.ReferencingAttribute)),
  );
  return {
    ...pick(entityDefinition(table), query.Properties),
    HasChanged: isOwn ?? null,
    ...(asksFor('Attributes') && {
      Attributes: columns.map((column) => columnNode(organization, table, column, query, mine !== undefined)),
    }),
    ...(asksFor('ManyToOneRelationships') && { ManyToOneRelationships: toOne }),
  };
}

function columnNode(
  { schema }: Organization,
  table: Table,
  column: Column,
  query: EntityQuery,
  isDifference: boolean,
): Definition {
  const facts = {
    ...attributeMetadata(table, column),
    OptionSet: optionSet(table, column, schema.languages),
  };
  return {
    '@odata.type': `#Microsoft.Dynamics.CRM.Complex${attributeClass(column) ?? 'AttributeMetadata'}`,
    ...pick(facts, query.AttributeQuery?.Properties),
    HasChanged: isDifference ? true : null,
  };
}

function pick(facts: Definition, properties: Properties = {}): Definition {
  if (properties.AllProperties) return facts;
  const names = ['MetadataId', ...(properties.PropertyNames ?? [])].filter((name) => name in facts);
  return Object.fromEntries(names.map((name) => [name, facts[name]]));
}

/** Of all tables, whatever the query asks for. */
function deletedOf(touched: readonly TouchedNode[], filters: string): object {
  const kinds = { Entity: /Entity|Default|All/, Attribute: /Attribute|All/ };
  const idsOf = (kind: keyof typeof kinds) =>
    touched
      .filter(({ isDeleted, column }) => isDeleted && (column === undefined) === (kind === 'Entity'))
      .map(({ table, column }) =>
        metadataId(column === undefined ? `entity ${table}` : `attribute ${table}.${column}`),
      );
  const told = (['Entity', 'Attribute'] as const).filter((kind) => kinds[kind].test(filters));
  const Values = told.map(idsOf).map((Items) => ({ Count: Items.length, IsReadOnly: false, Items }));
  return { Count: told.length, IsReadOnly: false, Keys: told, Values };
}
