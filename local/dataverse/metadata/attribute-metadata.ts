import { type Column, isLookup, type Option, type Table } from '../schema/table.ts';
import { label, optionLabel } from './labels.ts';
import { metadataId } from './metadata-id.ts';

const typeNames: Record<Column['type'], string> = {
  bigint: 'BigInt',
  boolean: 'Boolean',
  customer: 'Customer',
  datetime: 'DateTime',
  decimal: 'Decimal',
  double: 'Double',
  entityname: 'EntityName',
  file: 'File',
  image: 'Image',
  integer: 'Integer',
  lookup: 'Lookup',
  managedproperty: 'ManagedProperty',
  memo: 'Memo',
  money: 'Money',
  multiselectpicklist: 'MultiSelectPicklist',
  owner: 'Owner',
  partylist: 'PartyList',
  picklist: 'Picklist',
  state: 'State',
  status: 'Status',
  string: 'String',
  uniqueidentifier: 'Uniqueidentifier',
  virtual: 'Virtual',
};
const hiddenUnderVirtual: readonly Column['type'][] = ['image', 'file', 'multiselectpicklist'];

/** The metadata class of a column; undefined for those of the base class, which carry no `@odata.type`. */
export function attributeClass(column: Column): string | undefined {
  if (column.type === 'uniqueidentifier' || column.type === 'virtual') return undefined;
  if (isLookup(column) || column.type === 'partylist') return 'LookupAttributeMetadata';
  return `${typeNames[column.type]}AttributeMetadata`;
}

/** Every property of a column's metadata; what a class does not have is left out. Option sets are for `$expand`. */
export function attributeMetadata(table: Table, column: Column): Record<string, unknown> {
  const owner = `${table.name}.${column.name}`;
  const managed = (Value: boolean, name: string) => ({
    Value,
    CanBeChanged: false,
    ManagedPropertyLogicalName: name,
  });
  return {
    MetadataId: metadataId(`attribute ${owner}`),
    HasChanged: null,
    AttributeOf: column.of ?? null,
    AttributeType: hiddenUnderVirtual.includes(column.type) ? 'Virtual' : typeNames[column.type],
    AttributeTypeName: { Value: `${typeNames[column.type]}Type` },
    ColumnNumber: column.number,
    DisplayName: label(owner, column.displayName),
    Description: label(`${owner} description`, undefined),
    EntityLogicalName: table.name,
    LogicalName: column.name,
    SchemaName: column.schemaName,
    IsPrimaryId: column.isPrimaryId,
    IsPrimaryName: column.isPrimaryName,
    IsValidForRead: column.canRead,
    IsValidForCreate: column.canCreate,
    IsValidForUpdate: column.canUpdate,
    IsValidODataAttribute: column.isValidOData,
    IsLogical: column.isLogical,
    IsSecured: column.isSecured,
    IsCustomAttribute: column.name.includes('_') && /^(adx|cra05|dnb|msdyn|new)/.test(column.name),
    IsManaged: true,
    IsFilterable: false,
    IsSearchable: false,
    IsRetrievable: column.canRead,
    CanBeSecuredForRead: false,
    CanBeSecuredForCreate: false,
    CanBeSecuredForUpdate: false,
    RequiredLevel: { ...managed(false, 'canmodifyrequirementlevelsettings'), Value: column.required },
    IsAuditEnabled: managed(true, 'canmodifyauditsettings'),
    IsValidForAdvancedFind: managed(true, 'canmodifysearchsettings'),
    InheritsFrom: null,
    IntroducedVersion: '5.0.0.0',
    SourceType: column.sourceType ?? null,
    ...typedFacts(column),
  };
}

function typedFacts(column: Column): Record<string, unknown> {
  const range = { MinValue: jsonNumber(column.min), MaxValue: jsonNumber(column.max) };
  switch (column.type) {
    case 'string':
    case 'memo':
      return {
        MaxLength: column.length ?? null,
        DatabaseLength: column.databaseLength ?? null,
        Format: column.format ?? null,
        FormatName: column.formatName === undefined ? null : { Value: column.formatName },
        IsLocalizable: false,
      };
    case 'integer':
      return { ...range, Format: column.format ?? 'None' };
    case 'bigint':
      return range;
    case 'double':
    case 'decimal':
      return { ...range, Precision: column.precision ?? null };
    case 'money':
      return {
        ...range,
        Precision: column.precision ?? null,
        PrecisionSource: column.precisionSource ?? null,
        CalculationOf: column.baseOf ?? null,
        IsBaseCurrency: column.baseOf !== undefined,
      };
    case 'datetime':
      return {
        Format: column.format ?? null,
        DateTimeBehavior: { Value: column.behavior },
        CanChangeDateTimeBehavior: {
          Value: false,
          CanBeChanged: false,
          ManagedPropertyLogicalName: 'canchangedatetimebehavior',
        },
      };
    case 'lookup':
    case 'customer':
    case 'owner':
    case 'partylist':
      return { Targets: column.targets, Format: 'None' };
    case 'boolean':
      return { DefaultValue: column.defaultValue === 1 };
    case 'picklist':
    case 'state':
    case 'status':
    case 'multiselectpicklist':
      return { DefaultFormValue: column.defaultValue ?? -1 };
    case 'image':
      return {
        IsPrimaryImage: column.isPrimaryImage,
        MaxHeight: 144,
        MaxWidth: 144,
        MaxSizeInKB: 10240,
        CanStoreFullImage: false,
      };
    case 'file':
      return { MaxSizeInKB: 32768 };
    default:
      return {};
  }
}

/** The option set of a column, for `$expand=OptionSet` (or GlobalOptionSet when it is a global one). */
export function optionSet(
  table: Table,
  column: Column,
  languages: readonly number[],
): Record<string, unknown> | null {
  if (!column.options || !column.optionSet) return null;
  const { name, isGlobal } = column.optionSet;
  const owner = isGlobal ? `optionset ${name}` : `optionset ${table.name}.${name}`;
  const option = (one: Option) => ({
    Value: one.value,
    Color: null,
    IsManaged: true,
    ExternalValue: '',
    ParentValues: [],
    MetadataId: null,
    HasChanged: null,
    Label: optionLabel(`${owner} ${one.value}`, one, languages),
    Description: label(`${owner} ${one.value} description`, undefined),
    ...(column.type === 'state'
      ? { DefaultStatus: one.defaultStatus ?? null, InvariantName: one.label }
      : {}),
    ...(column.type === 'status' ? { State: one.state ?? 0, TransitionData: null } : {}),
  });
  const facts = {
    MetadataId: metadataId(owner),
    HasChanged: null,
    Name: name,
    IsGlobal: isGlobal,
    IsCustomOptionSet: false,
    IsManaged: true,
    IntroducedVersion: null,
    ExternalTypeName: '',
    OptionSetType:
      column.type === 'boolean'
        ? 'Boolean'
        : column.type === 'state'
          ? 'State'
          : column.type === 'status'
            ? 'Status'
            : 'Picklist',
    DisplayName: label(owner, column.displayName),
    Description: label(`${owner} description`, undefined),
  };
  if (column.type !== 'boolean') return { ...facts, Options: column.options.map(option) };
  const [yes, no] = [1, 0].map((value) => column.options?.find((one) => one.value === value));
  return { ...facts, TrueOption: yes ? option(yes) : null, FalseOption: no ? option(no) : null };
}

/** A bound as a number; 64-bit bounds lose their last digits here as they do in any JavaScript reader. */
function jsonNumber(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}
