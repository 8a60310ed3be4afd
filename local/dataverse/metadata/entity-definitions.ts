import { type Answer, type ApiRequest, jsonAnswer } from '../api-request.ts';
import { badQuery, DataverseError, errorCodes, unknownSegment } from '../errors.ts';
import type { Organization } from '../organization.ts';
import { tablePrivileges } from '../privileges.ts';
import type { Column, Table } from '../schema/table.ts';
import { attributeClass, attributeMetadata, optionSet } from './attribute-metadata.ts';
import { type Definition, isInFilter, parseExpand, selectFrom } from './definition-query.ts';
import { label } from './labels.ts';
import { metadataId } from './metadata-id.ts';
import { manyToManyDefinition, relationshipsOf } from './relationships.ts';

const namespace = 'Microsoft.Dynamics.CRM';
type Options = Pick<Map<string, string>, 'get'>;

/** `EntityDefinitions`, all or one, with its attributes (also cast to one type) and relationships. */
export function entityDefinitions(organization: Organization, request: ApiRequest): Answer {
  const { schema } = organization;
  const context = `${request.root}/$metadata#EntityDefinitions`;
  const [, key, rest] = /^EntityDefinitions(?:\(([^)]*)\))?(?:\/(.*))?$/.exec(request.path) ?? [];
  const query = optionsOf(request.query);
  if (key === undefined) {
    const all = [...schema.tables.values()]
      .map((table) => ({ table, definition: entityDefinition(table) }))
      .filter(({ definition }) => isInFilter(definition, query.get('$filter')))
      .map(({ table, definition }) => expanded(organization, request, table, definition, query));
    return jsonAnswer({ '@odata.context': `${context}${listOf(query)}`, value: all });
  }
  const table = tableOf(organization, key);
  if (rest === undefined) {
    const definition = expanded(organization, request, table, entityDefinition(table), query);
    return jsonAnswer({ '@odata.context': `${context}${listOf(query)}/$entity`, ...definition });
  }
  const inner = `${context}('${table.name}')/${rest}`;
  const [part = '', cast] = rest.split('/');
  const attribute = /^Attributes\(LogicalName='(\w+)'\)$/.exec(part)?.[1];
  if (attribute !== undefined) {
    const column = table.columns.find((one) => one.name === attribute && isOfClass(one, cast));
    if (!column) throw notFound(attribute);
    return jsonAnswer({
      '@odata.context': `${inner}/$entity`,
      ...attributeAnswer(organization, request, table, column, query, cast),
    });
  }
  if (part === 'Attributes')
    return jsonAnswer({
      '@odata.context': `${inner}${listOf(query)}`,
      value: attributes(organization, request, table, query, cast),
    });
  const relationships = relationshipsOf(organization, table, part);
  if (!relationships) throw unknownSegment(part);
  return jsonAnswer({
    '@odata.context': inner,
    value: relationships.map((one) => selectFrom(one, query.get('$select'), part)),
  });
}

/** `RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata`. */
export function relationshipDefinitions({ schema }: Organization, request: ApiRequest): Answer {
  if (!request.path.endsWith(`/${namespace}.ManyToManyRelationshipMetadata`))
    throw unknownSegment(request.path);
  const unique = new Map(
    [...schema.tables.values()].flatMap((table) => table.manyToMany.map((one) => [one.schemaName, one])),
  );
  const query = optionsOf(request.query);
  const value = [...unique.values()]
    .map(manyToManyDefinition)
    .filter((one) => isInFilter(one, query.get('$filter')))
    .map((one) => selectFrom(one, query.get('$select'), 'ManyToManyRelationshipMetadata'));
  return jsonAnswer({ '@odata.context': `${request.root}/$metadata#RelationshipDefinitions`, value });
}

function optionsOf(query: URLSearchParams): Options {
  return { get: (name) => query.get(name) ?? undefined };
}

function listOf(query: Options): string {
  const select = query.get('$select');
  return select ? `(${select})` : '';
}

function tableOf({ schema }: Organization, key: string): Table {
  const name = /^LogicalName='(\w+)'$/.exec(key)?.[1];
  const found = [...schema.tables.values()].find(
    (table) => table.name === name || metadataId(`entity ${table.name}`) === key.toLowerCase(),
  );
  if (!found) throw notFound(name ?? key);
  return found;
}

function notFound(name: string): DataverseError {
  return new DataverseError(
    404,
    errorCodes.notFound,
    `Could not find an entity with name ${name} in the metadata cache.`,
  );
}

function expanded(
  organization: Organization,
  request: ApiRequest,
  table: Table,
  definition: Definition,
  query: Options,
): Definition {
  const answer = selectFrom(definition, query.get('$select'), 'EntityMetadata');
  for (const { name, options } of parseExpand(query.get('$expand'))) {
    if (name === 'Attributes') answer.Attributes = attributes(organization, request, table, options);
    else {
      const relationships = name === 'Keys' ? [] : relationshipsOf(organization, table, name);
      if (!relationships)
        throw badQuery(`Could not find a property named '${name}' on type '${namespace}.EntityMetadata'.`);
      answer[name] = relationships.map((one) => selectFrom(one, options.get('$select'), name));
    }
  }
  return answer;
}

function attributes(
  organization: Organization,
  request: ApiRequest,
  table: Table,
  query: Options,
  cast?: string,
): Definition[] {
  if (cast?.endsWith('.EnumAttributeMetadata')) throw badQuery(`The cast to '${cast}' is not supported.`);
  return table.columns
    .filter((column) => isOfClass(column, cast))
    .filter((column) => isInFilter(attributeMetadata(table, column), query.get('$filter')))
    .map((column) => attributeAnswer(organization, request, table, column, query, cast));
}

function isOfClass(column: Column, cast: string | undefined): boolean {
  return cast === undefined || cast === `${namespace}.${attributeClass(column) ?? 'AttributeMetadata'}`;
}

function attributeAnswer(
  { switches, schema }: Organization,
  request: ApiRequest,
  table: Table,
  column: Column,
  query: Options,
  cast?: string,
): Definition {
  const type = attributeClass(column);
  const full = attributeMetadata(table, column);
  if (!switches.attributesTellODataValidity) delete full.IsValidODataAttribute;
  const isCast = cast !== undefined;
  const selected = selectFrom(
    full,
    query.get('$select'),
    cast?.slice(namespace.length + 1) ?? 'AttributeMetadata',
  );
  const answer: Definition =
    isCast || !type ? selected : { '@odata.type': `#${namespace}.${type}`, ...selected };
  for (const { name, options } of parseExpand(query.get('$expand'))) {
    if (name !== 'OptionSet' && name !== 'GlobalOptionSet')
      throw badQuery(`Could not find a property named '${name}' on type '${namespace}.${type}'.`);
    const isGlobal = column.optionSet?.isGlobal ?? false;
    const isShown = name === 'GlobalOptionSet' ? isGlobal : !isGlobal || switches.optionSetOfGlobalChoices;
    const set = isShown ? optionSet(table, column, schema.languages) : null;
    answer[`${name}@odata.context`] =
      `${request.root}/$metadata#EntityDefinitions('${table.name}')/Attributes('${column.name}')/${type}/${name}/$entity`;
    answer[name] = set && selectFrom(set, options.get('$select'), 'OptionSetMetadata');
  }
  return answer;
}

/** Every property of a table's metadata but those that are lists. */
export function entityDefinition(table: Table): Definition {
  const managed = (Value: boolean, name: string) => ({
    Value,
    CanBeChanged: false,
    ManagedPropertyLogicalName: name,
  });
  return {
    MetadataId: metadataId(`entity ${table.name}`),
    HasChanged: null,
    LogicalName: table.name,
    SchemaName: table.schemaName,
    EntitySetName: table.set,
    LogicalCollectionName: table.set,
    CollectionSchemaName: `${table.schemaName}s`,
    ObjectTypeCode: table.code,
    PrimaryIdAttribute: table.id,
    PrimaryNameAttribute: table.primaryName || null,
    PrimaryImageAttribute: table.columns.find((column) => column.isPrimaryImage)?.name ?? null,
    OwnershipType: table.ownership,
    TableType: 'Standard',
    DataProviderId: null,
    DisplayName: label(table.name, table.displayName),
    DisplayCollectionName: label(`${table.name} collection`, `${table.displayName}s`),
    Description: label(`${table.name} description`, undefined),
    IsActivity: table.isActivity,
    IsActivityParty: table.name === 'activityparty',
    IsIntersect: table.isIntersect,
    IsPrivate: table.isIntersect,
    IsLogicalEntity: false,
    IsCustomEntity: false,
    IsManaged: true,
    IsValidForAdvancedFind: !table.isIntersect,
    ChangeTrackingEnabled: table.isChangeTracked,
    CanChangeTrackingBeEnabled: managed(table.canEnableChangeTracking, 'canchangetrackingbeenabled'),
    IsOptimisticConcurrencyEnabled: table.hasOptimisticConcurrency,
    IntroducedVersion: '5.0.0.0',
    ExternalName: null,
    Privileges: tablePrivileges(table),
  };
}
