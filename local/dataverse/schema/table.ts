export type ColumnType =
  | 'bigint'
  | 'boolean'
  | 'customer'
  | 'datetime'
  | 'decimal'
  | 'double'
  | 'entityname'
  | 'file'
  | 'image'
  | 'integer'
  | 'lookup'
  | 'managedproperty'
  | 'memo'
  | 'money'
  | 'multiselectpicklist'
  | 'owner'
  | 'partylist'
  | 'picklist'
  | 'state'
  | 'status'
  | 'string'
  | 'uniqueidentifier'
  | 'virtual';

/** `label` is English; `labels` are those that were changed since, by language. */
export type Option = {
  value: number;
  label: string;
  labels?: Record<number, string>;
  defaultStatus?: number;
  state?: number;
};

/** A column as its metadata tells it. `property` is its name in the JSON of a row (`_ownerid_value` for ownerid). */
export type Column = {
  name: string;
  schemaName: string;
  number: number;
  type: ColumnType;
  property: string;
  canRead: boolean;
  canCreate: boolean;
  canUpdate: boolean;
  isValidOData: boolean;
  isLogical: boolean;
  isPrimaryId: boolean;
  isPrimaryName: boolean;
  isPrimaryImage: boolean;
  isSecured: boolean;
  required: 'None' | 'Recommended' | 'ApplicationRequired' | 'SystemRequired';
  of?: string;
  baseOf?: string;
  sourceType?: number;
  length?: number;
  databaseLength?: number;
  format?: string;
  formatName?: string;
  behavior?: string;
  precision?: number;
  precisionSource?: number;
  min?: string;
  max?: string;
  targets: string[];
  options?: Option[];
  optionSet?: { name: string; isGlobal: boolean };
  defaultValue?: number;
  displayName?: string;
};

export type ManyToMany = {
  schemaName: string;
  intersect: string;
  first: { table: string; column: string };
  second: { table: string; column: string };
};

export type Table = {
  name: string;
  schemaName: string;
  set: string;
  code: number;
  id: string;
  primaryName: string;
  ownership: string;
  displayName: string;
  isActivity: boolean;
  isIntersect: boolean;
  isChangeTracked: boolean;
  canEnableChangeTracking: boolean;
  hasOptimisticConcurrency: boolean;
  manyToMany: ManyToMany[];
  columns: Column[];
};

export const lookupTypes: readonly ColumnType[] = ['lookup', 'customer', 'owner'];

export function isLookup(column: Column): boolean {
  return lookupTypes.includes(column.type);
}

/** Whether the column is a member of a row's JSON. Party lists are not: their parties are rows of activityparty. */
export function isInRows(column: Column): boolean {
  return column.canRead && column.isValidOData && column.type !== 'partylist' && column.type !== 'virtual';
}
