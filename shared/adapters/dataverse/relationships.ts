import type { Relationship } from '../../model/table-schema.ts';
import { freshly } from './table-definition.ts';
import type { WebApi } from './web-api.ts';

interface RelationshipMetadata {
  readonly SchemaName?: string | null;
  readonly IntersectEntityName: string;
  readonly Entity1LogicalName: string;
  readonly Entity2LogicalName: string;
}

const path =
  'RelationshipDefinitions/Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata?$select=SchemaName,IntersectEntityName,Entity1LogicalName,Entity2LogicalName';

/** All many-to-many relationships, in one answer: metadata has no pages. */
export async function readRelationships(api: WebApi): Promise<readonly Relationship[]> {
  const purpose = 'list the relationships';
  const { value } = await api.get<{ value: readonly RelationshipMetadata[] }>(purpose, path, freshly, {
    isUrgent: true,
  });
  return value.map(({ SchemaName, IntersectEntityName, Entity1LogicalName, Entity2LogicalName }) => ({
    name: SchemaName ?? IntersectEntityName,
    intersectName: IntersectEntityName,
    firstTable: Entity1LogicalName,
    secondTable: Entity2LogicalName,
  }));
}
