import type { Attribute, TableDefinition, TableSummary } from '../../model/table-schema.ts';
import type { WebApi } from './web-api.ts';

/** Of the metadata's members, those that are read here. Derived members come only when attributes have no `$select`. */
interface AttributeMetadata {
  readonly LogicalName: string;
  readonly AttributeType?: string | null;
  readonly AttributeTypeName?: { readonly Value: string } | null;
  readonly AttributeOf?: string | null;
  readonly MaxLength?: number | null;
  readonly Precision?: number | null;
  readonly SourceType?: number | null;
  readonly MetadataId?: string | null;
  readonly Targets?: readonly string[] | null;
  readonly IsPrimaryId?: boolean | null;
  readonly IsPrimaryName?: boolean | null;
  readonly IsLogical?: boolean | null;
  readonly IsValidForRead?: boolean | null;
  readonly IsValidForUpdate?: boolean | null;
  readonly IsValidODataAttribute?: boolean | null;
}

interface TableMetadata {
  readonly LogicalName: string;
  readonly DisplayName?: { readonly UserLocalizedLabel?: { readonly Label?: string } | null } | null;
  readonly IsIntersect?: boolean | null;
  readonly ChangeTrackingEnabled?: boolean | null;
  readonly CanChangeTrackingBeEnabled?: { readonly Value: boolean } | null;
  readonly EntitySetName: string;
  readonly PrimaryIdAttribute: string;
  readonly IsOptimisticConcurrencyEnabled?: boolean | null;
  readonly Attributes: readonly AttributeMetadata[];
  readonly ManyToOneRelationships?:
    | readonly { readonly ReferencedEntity?: string | null; readonly ReferencedAttribute?: string | null }[]
    | null;
}

const summaryColumns = 'LogicalName,DisplayName,IsIntersect,ChangeTrackingEnabled,CanChangeTrackingBeEnabled';
const definitionColumns = `${summaryColumns},EntitySetName,PrimaryIdAttribute,IsOptimisticConcurrencyEnabled`;

const relations = 'ManyToOneRelationships($select=ReferencedEntity,ReferencedAttribute)';

/** Defeats the metadata cache of some 30 s, so that a column that was just added is seen. */
export const freshly = { consistency: 'Strong' };

/** All tables of the organization, in one answer: metadata has no pages. */
export async function readTables(api: WebApi): Promise<readonly TableSummary[]> {
  const path = `EntityDefinitions?$select=${summaryColumns}`;
  const { value } = await api.get<{ value: readonly TableMetadata[] }>('list the tables', path, freshly, {
    isUrgent: true,
  });
  return value.map(summaryOf);
}

/** The path of one table's definition. */
export function definitionPath(logicalName: string): string {
  return `EntityDefinitions(LogicalName='${encodeURIComponent(logicalName.replaceAll("'", "''"))}')`;
}

/** The path of all that is read of it. */
export function wholeDefinitionPath(logicalName: string): string {
  return `${definitionPath(logicalName)}?$select=${definitionColumns}&$expand=Attributes,${relations}`;
}

export async function readTableDefinition(api: WebApi, logicalName: string): Promise<TableDefinition> {
  const purpose = `read the definition of table "${logicalName}"`;
  const table = await api.get<TableMetadata>(purpose, wholeDefinitionPath(logicalName), freshly);
  return definitionOf(table);
}

/** The definition in one item of `EntityDefinitions` with all its attributes. */
export function definitionOf(table: TableMetadata): TableDefinition {
  return {
    ...summaryOf(table),
    entitySetName: table.EntitySetName,
    primaryId: table.PrimaryIdAttribute,
    hasOptimisticConcurrency: table.IsOptimisticConcurrencyEnabled === true,
    attributes: table.Attributes.map(attributeOf),
    referencedKeys: new Map(
      (table.ManyToOneRelationships ?? []).flatMap(({ ReferencedEntity, ReferencedAttribute }) =>
        ReferencedEntity && ReferencedAttribute ? [[ReferencedEntity, ReferencedAttribute] as const] : [],
      ),
    ),
  };
}

function summaryOf(table: TableMetadata): TableSummary {
  return {
    logicalName: table.LogicalName,
    displayName: table.DisplayName?.UserLocalizedLabel?.Label ?? table.LogicalName,
    isIntersect: table.IsIntersect === true,
    hasChangeTracking: table.ChangeTrackingEnabled === true,
    canTrackChanges: table.CanChangeTrackingBeEnabled?.Value === true,
  };
}

function attributeOf(attribute: AttributeMetadata): Attribute {
  const { AttributeOf: parent, MaxLength: maxLength, Precision: precision, MetadataId, Targets } = attribute;
  // Images, files and multi-selects all have AttributeType `Virtual`; only the type's name tells them apart.
  const typeName = attribute.AttributeTypeName?.Value ?? attribute.AttributeType ?? 'Virtual';
  return {
    logicalName: attribute.LogicalName,
    type: typeName.replace(/Type$/, ''),
    ...(parent ? { attributeOf: parent } : {}),
    ...(typeof maxLength === 'number' ? { maxLength } : {}),
    ...(typeof precision === 'number' ? { precision } : {}),
    ...(MetadataId ? { metadataId: MetadataId } : {}),
    ...(Targets ? { targets: Targets } : {}),
    isPrimaryId: attribute.IsPrimaryId === true,
    isPrimaryName: attribute.IsPrimaryName === true,
    isLogical: attribute.IsLogical === true,
    isValidForRead: attribute.IsValidForRead === true,
    isValidForUpdate: attribute.IsValidForUpdate === true,
    isValidODataAttribute: attribute.IsValidODataAttribute !== false,
    isCalculated: (attribute.SourceType ?? 0) !== 0,
  };
}
