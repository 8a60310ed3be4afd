import type {
  Label,
  MetadataRow,
  MetadataTableKey,
  Option,
  OptionSet,
  TableMetadata,
} from '../model/table-metadata.ts';
import type { Attribute, TableDefinition } from '../model/table-schema.ts';
import { destinationTable } from './destination-table.ts';
import { metadataTables } from './metadata-tables.ts';
import { cutToLength } from './values.ts';

/** When and how the metadata was read. */
export interface MetadataReading {
  /** The organization's metadata version from before it was read, a decimal text; undefined where it tells none. */
  readonly version: string | undefined;
  readonly readAt: Date;
  /** Whether each option has one more row: the label in the language of the app's user. */
  readonly hasUserLabels: boolean;
}

/** `Microsoft.Xrm.Sdk.Metadata.AttributeTypeCode`; types that are younger than it are `Virtual` there. */
const typeCodes: Readonly<Record<string, number>> = {
  Boolean: 0,
  Customer: 1,
  DateTime: 2,
  Decimal: 3,
  Double: 4,
  Integer: 5,
  Lookup: 6,
  Memo: 7,
  Money: 8,
  Owner: 9,
  PartyList: 10,
  Picklist: 11,
  State: 12,
  Status: 13,
  String: 14,
  Uniqueidentifier: 15,
  CalendarRules: 16,
  Virtual: 17,
  BigInt: 18,
  ManagedProperty: 19,
  EntityName: 20,
};

/** Whether labels of an option are rows with 0, and that of the app's user a row with 1. */
function labelRows(option: Option, hasUserLabels: boolean): readonly MetadataRow[] {
  const row = (isUser: boolean, { language, text }: Label): MetadataRow => ({
    IsUserLocalizedLabel: isUser,
    LocalizedLabelLanguageCode: language,
    // Not every database stores NUL, or a lone surrogate.
    LocalizedLabel: cutToLength(text.replaceAll('\0', '\uFFFD').toWellFormed(), 350),
  });
  const { labels, userLabel } = option;
  return [
    ...labels.map((label) => row(false, label)),
    ...(hasUserLabels && userLabel !== undefined ? [row(true, userLabel)] : []),
  ];
}

/** The rows that a table can hold: no name too long, no key twice. The last of two wins. */
function holdable(table: MetadataTableKey, rows: readonly MetadataRow[]): readonly MetadataRow[] {
  const names = metadataTables[table].columns.filter(({ role }) => role === 'key').map(({ name }) => name);
  const keyed = ['EntityName', ...names];
  const byKey = new Map(rows.map((row) => [JSON.stringify(keyed.map((name) => row[name])), row]));
  return [...byKey.values()].filter((row) => keyed.every((name) => String(row[name] ?? '').length <= 64));
}

function attributeRow(attribute: Attribute, { version, readAt }: MetadataReading): MetadataRow {
  return {
    AttributeName: attribute.logicalName,
    AttributeType: attribute.type,
    AttributeTypeCode: typeCodes[attribute.type] ?? typeCodes.Virtual ?? null,
    Version: version ?? null,
    Timestamp: readAt.toISOString(),
    MetadataId: attribute.metadataId ?? null,
    Precision: attribute.precision ?? null,
  };
}

/**
 * What the metadata tables hold of a table: of those attributes that have a column. Without `mark`, which the caller knows.
 */
export function metadataRows(
  definition: TableDefinition,
  optionSets: readonly OptionSet[],
  reading: MetadataReading,
): Pick<TableMetadata, 'table' | 'rows'> {
  const exported = new Set(destinationTable(definition).columns.map(({ name }) => name));
  const attributes = definition.attributes.filter(({ logicalName }) => exported.has(logicalName));
  const types = new Map(attributes.map(({ logicalName, type }) => [logicalName, type]));
  const rows: Record<MetadataTableKey, MetadataRow[]> = {
    optionSet: [],
    globalOptionSet: [],
    state: [],
    status: [],
    target: attributes.flatMap(({ logicalName, targets = [] }) =>
      targets.map((target) => ({
        AttributeName: logicalName,
        ReferencedEntity: target,
        ReferencedAttribute: definition.referencedKeys?.get(target) ?? null,
      })),
    ),
    attribute: attributes.map((attribute) => attributeRow(attribute, reading)),
  };
  for (const { attribute, isGlobal, options } of optionSets) {
    const type = types.get(attribute);
    if (type === undefined) continue;
    for (const option of options)
      for (const label of labelRows(option, reading.hasUserLabels)) {
        if (type === 'State') rows.state.push({ State: option.value, ...label });
        else if (type === 'Status')
          rows.status.push({ State: option.state ?? 0, Status: option.value, ...label });
        else
          rows[isGlobal ? 'globalOptionSet' : 'optionSet'].push({
            OptionSetName: attribute,
            Option: option.value,
            ...label,
          });
      }
  }
  const table = definition.logicalName;
  const ofTable = (key: MetadataTableKey) =>
    holdable(
      key,
      rows[key].map((row) => ({ EntityName: table, ...row })),
    );
  return {
    table,
    rows: {
      optionSet: ofTable('optionSet'),
      globalOptionSet: ofTable('globalOptionSet'),
      state: ofTable('state'),
      status: ofTable('status'),
      target: ofTable('target'),
      attribute: ofTable('attribute'),
    },
  };
}
