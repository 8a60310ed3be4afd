import { hasCode, ServiceError } from '../../errors.ts';
import type { MetadataChanges } from '../../ports/dataverse.ts';
import { freshly } from './table-definition.ts';
import type { WebApi } from './web-api.ts';

interface ChangesBody {
  readonly ServerVersionStamp?: unknown;
  readonly EntityMetadata?: unknown;
  /** Lists of ids, one for each kind that was asked for. */
  readonly DeletedMetadata?: { readonly Values?: unknown } | null;
}

const named = (...PropertyNames: string[]) => ({ Properties: { AllProperties: false, PropertyNames } });

/**
 * What belongs to a table's definition. Of columns everything, because a property that is not asked for may hide that it
 * changed; of the table itself not, because its privileges would be told each time. Labels in all languages.
 */
const watched = {
  ...named('LogicalName', 'EntitySetName', 'PrimaryIdAttribute', 'Attributes', 'ManyToOneRelationships'),
  AttributeQuery: { Properties: { AllProperties: true } },
  RelationshipQuery: named('ReferencedEntity', 'ReferencedAttribute'),
};

/** The port's `metadataChanges`. */
export async function readMetadataChanges(
  api: WebApi,
  table: string,
  since?: string,
): Promise<MetadataChanges | undefined> {
  try {
    const purpose = `read what changed of the definition of table "${table}"`;
    return changesOf(await api.get<ChangesBody>(purpose, pathOf(table, since), freshly));
  } catch (error) {
    if (hasCode(error, 'DATAVERSE_THROTTLED') || !(error instanceof ServiceError)) throw error;
    return undefined;
  }
}

function pathOf(table: string, since: string | undefined): string {
  const isTable = {
    ...{ ConditionOperator: 'Equals', PropertyName: 'LogicalName' },
    Value: { Type: 'System.String', Value: table },
  };
  const query = {
    ...(since === undefined ? named('LogicalName') : watched),
    Criteria: { FilterOperator: 'And', Conditions: [isTable] },
  };
  const p1 = `@p1=${encodeURIComponent(JSON.stringify(query))}`;
  if (since === undefined) return `RetrieveMetadataChanges(Query=@p1)?${p1}`;
  const p2 = `@p2=${encodeURIComponent("Microsoft.Dynamics.CRM.DeletedMetadataFilters'Attribute'")}`;
  const p3 = `@p3=${encodeURIComponent(`'${since.replaceAll("'", "''")}'`)}`;
  return `RetrieveMetadataChanges(Query=@p1,DeletedMetadataFilters=@p2,ClientVersionStamp=@p3)?${p1}&${p2}&${p3}`;
}

/** Undefined for an answer that cannot be read: it must not count as one that nothing changed. */
function changesOf(body: ChangesBody): MetadataChanges | undefined {
  const { ServerVersionStamp: stamp, EntityMetadata: tables, DeletedMetadata: deleted } = body;
  const lists = deleted?.Values ?? [];
  if (typeof stamp !== 'string' || stamp === '' || !Array.isArray(tables) || !Array.isArray(lists))
    return undefined;
  const ids = (lists as readonly { Items?: unknown }[]).flatMap((list) => list?.Items ?? []);
  // A deleted option marks nothing as changed, but its column is told: so whatever is told is a change.
  return { stamp, isChanged: tables.length > 0, deletedIds: ids.map((id) => String(id).toLowerCase()) };
}
