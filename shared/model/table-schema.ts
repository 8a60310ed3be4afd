/** `AttributeTypeName.Value` of Dataverse without its ending `Type`; unknown names are kept as they are. */
export type AttributeType =
  | 'BigInt'
  | 'Boolean'
  | 'CalendarRules'
  | 'Customer'
  | 'DateTime'
  | 'Decimal'
  | 'Double'
  | 'EntityName'
  | 'File'
  | 'Image'
  | 'Integer'
  | 'Lookup'
  | 'ManagedProperty'
  | 'Memo'
  | 'Money'
  | 'MultiSelectPicklist'
  | 'Owner'
  | 'PartyList'
  | 'Picklist'
  | 'State'
  | 'Status'
  | 'String'
  | 'Uniqueidentifier'
  | 'Virtual'
  | (string & {});

/** One attribute of a Dataverse table, reduced to what replication and re-touch need. */
export interface Attribute {
  readonly logicalName: string;
  readonly type: AttributeType;
  /** Name of the attribute that this one belongs to (a lookup's name, an option's label, an image's url). */
  readonly attributeOf?: string;
  /** Characters, of String and Memo. */
  readonly maxLength?: number;
  /** Digits after the point, of Decimal, Double and Money. */
  readonly precision?: number;
  readonly metadataId?: string;
  /** Logical names of the tables that a lookup or party list refers to. */
  readonly targets?: readonly string[];
  readonly isPrimaryId: boolean;
  readonly isPrimaryName: boolean;
  readonly isLogical: boolean;
  readonly isValidForRead: boolean;
  readonly isValidForUpdate: boolean;
  /** False when the Web API does not show the attribute under its own name; true when unknown. */
  readonly isValidODataAttribute: boolean;
  readonly isCalculated: boolean;
}

/** What a list of tables shows of each. */
export interface TableSummary {
  readonly logicalName: string;
  readonly displayName: string;
  readonly isIntersect: boolean;
  readonly hasChangeTracking: boolean;
  readonly canTrackChanges: boolean;
}

/** One Dataverse table with all its attributes. */
export interface TableDefinition extends TableSummary {
  readonly entitySetName: string;
  /** Logical name of the primary key attribute. */
  readonly primaryId: string;
  readonly hasOptimisticConcurrency: boolean;
  readonly attributes: readonly Attribute[];
  /** The key by which lookups refer to a table, by its logical name, as far as relationships tell. */
  readonly referencedKeys?: ReadonlyMap<string, string>;
}

/** A destination column's type, free of dialect. `maxLength` in characters; without it, unlimited. */
export type ColumnType =
  | { readonly kind: 'guid' }
  | { readonly kind: 'text'; readonly maxLength?: number }
  | { readonly kind: 'integer' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'datetime' };

/** One column of a destination table and the member of the row's JSON that fills it (none: always null). */
export interface DestinationColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly source?: string;
  /** A text that belongs to another row: it is cut to the column's length, so that it never stops this one. */
  readonly isCut?: true;
}

/**
 * A destination table as the profile asks for it, without prefix and schema, which the destination adds. `columns` holds
 * everything but `Id`, `SinkCreatedOn` and `SinkModifiedOn`, in the order of `destination-schema`.
 */
export interface DestinationTable {
  /** Logical name of the Dataverse table. */
  readonly name: string;
  /** Member of the row's JSON that holds the primary key, the value of `Id`. */
  readonly idSource: string;
  readonly columns: readonly DestinationColumn[];
}

/** A many-to-many relationship; its rows are those of the table `intersectName`. */
export interface Relationship {
  readonly name: string;
  readonly firstTable: string;
  readonly secondTable: string;
  readonly intersectName: string;
}
