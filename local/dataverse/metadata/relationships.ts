import type { Organization } from '../organization.ts';
import { type Column, isLookup, type ManyToMany, type Table } from '../schema/table.ts';
import type { Definition } from './definition-query.ts';
import { metadataId } from './metadata-id.ts';

/** A many-to-many relationship as metadata tells it. */
export function manyToManyDefinition(one: ManyToMany): Definition {
  return {
    MetadataId: metadataId(`relationship ${one.schemaName}`),
    HasChanged: null,
    SchemaName: one.schemaName,
    RelationshipType: 'ManyToManyRelationship',
    IntersectEntityName: one.intersect,
    Entity1LogicalName: one.first.table,
    Entity1IntersectAttribute: one.first.column,
    Entity1NavigationPropertyName: one.schemaName,
    Entity2LogicalName: one.second.table,
    Entity2IntersectAttribute: one.second.column,
    Entity2NavigationPropertyName: one.schemaName,
    IsCustomRelationship: false,
    IsManaged: true,
  };
}

/** The table's relationships of a kind, such as `ManyToOneRelationships`; undefined for a kind that there is not. */
export function relationshipsOf(
  { schema }: Organization,
  table: Table,
  kind: string,
): Definition[] | undefined {
  const toOne = (from: Table, column: Column, target: string): Definition => ({
    MetadataId: metadataId(`relationship ${from.name}.${column.name}.${target}`),
    HasChanged: null,
    SchemaName: `${target}_${from.name}_${column.name}`,
    RelationshipType: 'OneToManyRelationship',
    ReferencedEntity: target,
    ReferencedAttribute: schema.tables.get(target)?.id ?? `${target}id`,
    ReferencingEntity: from.name,
    ReferencingAttribute: column.name,
    ReferencingEntityNavigationPropertyName:
      column.targets.length > 1 && column.type !== 'owner' ? `${column.name}_${target}` : column.name,
  });
  if (kind === 'ManyToManyRelationships') return table.manyToMany.map(manyToManyDefinition);
  if (kind === 'ManyToOneRelationships')
    return table.columns
      .filter(isLookup)
      .flatMap((column) => column.targets.map((target) => toOne(table, column, target)));
  if (kind !== 'OneToManyRelationships') return undefined;
  return [...schema.tables.values()].flatMap((from) =>
    from.columns
      .filter((column) => isLookup(column) && column.targets.includes(table.name))
      .map((column) => toOne(from, column, table.name)),
  );
}
