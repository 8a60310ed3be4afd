import type { MetadataTableKey } from '../model/table-metadata.ts';
import type { ColumnType } from '../model/table-schema.ts';

/** A column of a metadata table. A key tells rows apart; a stamp is written with a row, and is no difference by itself. */
export interface MetadataColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly role: 'key' | 'value' | 'stamp';
  readonly isNullable: boolean;
}

/** A metadata table of the old service. Its primary key is made of the key columns, or is the `Id` that the database counts. */
export interface MetadataTable {
  readonly columns: readonly MetadataColumn[];
  readonly hasId: boolean;
}

const name64 = { kind: 'text', maxLength: 64 } as const;
const integer = { kind: 'integer' } as const;

const key = (name: string, type: ColumnType): MetadataColumn => ({
  name,
  type,
  role: 'key',
  isNullable: false,
});
const value = (name: string, type: ColumnType, isNullable = true): MetadataColumn => ({
  name,
  type,
  role: 'value',
  isNullable,
});
const stamp = (name: string, type: ColumnType): MetadataColumn => ({
  name,
  type,
  role: 'stamp',
  isNullable: true,
});

const entityName = key('EntityName', name64);
const optionSetName = key('OptionSetName', name64);
const attributeName = key('AttributeName', name64);
const label: readonly MetadataColumn[] = [
  key('IsUserLocalizedLabel', { kind: 'boolean' }),
  key('LocalizedLabelLanguageCode', integer),
  value('LocalizedLabel', { kind: 'text', maxLength: 350 }),
];
const table = (...columns: readonly MetadataColumn[]): MetadataTable => ({ columns, hasId: false });

/** DES: names, order, widths and keys as in the old service's databases. */
export const metadataTables: Readonly<Record<MetadataTableKey, MetadataTable>> = {
  optionSet: table(entityName, optionSetName, key('Option', integer), ...label),
  globalOptionSet: table(optionSetName, key('Option', integer), ...label),
  state: table(entityName, key('State', integer), ...label),
  status: table(entityName, key('State', integer), key('Status', integer), ...label),
  target: table(
    entityName,
    attributeName,
    key('ReferencedEntity', name64),
    value('ReferencedAttribute', name64),
  ),
  attribute: {
    columns: [
      entityName,
      attributeName,
      value('AttributeType', name64, false),
      value('AttributeTypeCode', integer, false),
      stamp('Version', { kind: 'bigint' }),
      stamp('Timestamp', { kind: 'datetime' }),
      value('MetadataId', name64),
      value('Precision', integer),
    ],
    hasId: true,
  },
};

/** Which table needs which rows of the global option sets: they do not tell it. Of the columns of the option sets. */
export const globalOptionNeeds = metadataTables.optionSet;

/** Names of a table's columns of one role. */
export function columnsOf({ columns }: MetadataTable, role: MetadataColumn['role']): readonly string[] {
  return columns.filter((column) => column.role === role).map(({ name }) => name);
}
