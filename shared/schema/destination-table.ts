import type {
  Attribute,
  ColumnType,
  DestinationColumn,
  DestinationTable,
  TableDefinition,
} from '../model/table-schema.ts';

const lookupTypes: ReadonlySet<string> = new Set(['Lookup', 'Customer', 'Owner']);

/** The annotation that holds the name of a lookup's row. */
const formattedValue = '@OData.Community.Display.V1.FormattedValue';
/** The annotation that holds the logical name of a lookup's table. */
const lookupTable = '@Microsoft.Dynamics.CRM.lookuplogicalname';

/** Longer texts than SQL Server's `nvarchar(n)` takes are unlimited in every destination, so that all have one shape. */
const longestLimit = 4000;

const text = (maxLength: number | undefined): ColumnType =>
  maxLength === undefined || maxLength > longestLimit ? { kind: 'text' } : { kind: 'text', maxLength };

/** Sections in the order of the destination's columns; `0` is kept for `statecode`, `1` for `statuscode`. */
const sections: Readonly<Record<string, number>> = {
  State: 0,
  Status: 1,
  Picklist: 2,
  MultiSelectPicklist: 2,
  Boolean: 3,
  Lookup: 4,
  Customer: 4,
  Owner: 4,
  PartyList: 5,
  Money: 6,
};
const lastSection = 7;

function columnType(attribute: Attribute): ColumnType | undefined {
  switch (attribute.type) {
    case 'Uniqueidentifier':
    case 'Lookup':
    case 'Customer':
    case 'Owner':
    case 'PartyList':
      return { kind: 'guid' };
    case 'Picklist':
    case 'State':
    case 'Status':
    case 'Integer':
      return { kind: 'integer' };
    case 'Boolean':
      return { kind: 'boolean' };
    case 'MultiSelectPicklist':
    case 'EntityName':
      return text(longestLimit);
    case 'String':
      return text(attribute.maxLength);
    case 'Memo':
      return text(undefined);
    case 'BigInt':
      return { kind: 'bigint' };
    case 'Decimal':
      return { kind: 'decimal', scale: attribute.precision ?? 10 };
    case 'Double':
      return { kind: 'decimal', scale: attribute.precision ?? 5 };
    case 'Money':
      return { kind: 'decimal', scale: attribute.precision ?? 4 };
    case 'DateTime':
      return { kind: 'datetime' };
    default:
      return undefined;
  }
}

/** The member of the row's JSON that fills the column, `null` for a column that is always null, undefined for no column. */
function sourceOf(attribute: Attribute, owner: Attribute | undefined): string | null | undefined {
  if (attribute.type === 'PartyList') return null;
  if (!attribute.isValidForRead) return undefined;
  if (owner !== undefined && lookupTypes.has(owner.type)) {
    if (attribute.type === 'String') return `_${owner.logicalName}_value${formattedValue}`;
    if (attribute.type === 'EntityName') return `_${owner.logicalName}_value${lookupTable}`;
  }
  if (!attribute.isValidODataAttribute || owner?.type === 'File') return undefined;
  return lookupTypes.has(attribute.type) ? `_${attribute.logicalName}_value` : attribute.logicalName;
}

function columnsOf(
  attribute: Attribute,
  owner: Attribute | undefined,
  table: string,
): readonly DestinationColumn[] {
  const name = attribute.logicalName;
  const type = columnType(attribute);
  const source = sourceOf(attribute, owner);
  if (type === undefined || source === undefined) return [];
  // DES: the column of a note's file exists and stays empty.
  if (source === null || (table === 'annotation' && name === 'documentbody')) return [{ name, type }];
  if (source.endsWith(formattedValue)) return [{ name, type, source, isCut: true }];
  if (!lookupTypes.has(attribute.type)) return [{ name, type, source }];
  return [
    { name, type, source },
    { name: `${name}_entitytype`, type: text(128), source: `${source}${lookupTable}` },
  ];
}

/** The destination table of a Dataverse table, in the shape of the Data Export Service's databases. */
export function destinationTable(definition: TableDefinition): DestinationTable {
  const attributes = new Map(definition.attributes.map((attribute) => [attribute.logicalName, attribute]));
  const bySection: DestinationColumn[][] = Array.from({ length: lastSection + 1 }, () => []);
  for (const attribute of attributes.values()) {
    const owner = attribute.attributeOf === undefined ? undefined : attributes.get(attribute.attributeOf);
    const section = bySection[sections[attribute.type] ?? lastSection];
    section?.push(...columnsOf(attribute, owner, definition.logicalName));
  }
  const columns = bySection.flat();
  if (!columns.some((column) => column.name === 'versionnumber'))
    columns.push({ name: 'versionnumber', type: { kind: 'bigint' }, source: 'versionnumber' });
  return { name: definition.logicalName, idSource: definition.primaryId, columns };
}
