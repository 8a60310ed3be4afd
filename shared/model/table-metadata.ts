/** A text in one language; `language` is its LCID (1033 is English, United States). */
export interface Label {
  readonly text: string;
  readonly language: number;
}

/** One value of a choice, with its labels in every language that the organization tells. */
export interface Option {
  readonly value: number;
  readonly labels: readonly Label[];
  /** The label in the language of the app's user in the organization. */
  readonly userLabel?: Label;
  /** Of a status: the state that it belongs to. */
  readonly state?: number;
}

/** The options of one attribute of a table. */
export interface OptionSet {
  readonly attribute: string;
  /** Whether other attributes share it. */
  readonly isGlobal: boolean;
  readonly options: readonly Option[];
}

/** One row of a metadata table, by column; dates as ISO 8601, a bigint as decimal text. */
export type MetadataRow = Readonly<Record<string, string | number | boolean | null>>;

/** The metadata tables of the old service. */
export type MetadataTableKey = 'optionSet' | 'globalOptionSet' | 'state' | 'status' | 'target' | 'attribute';

/** All that the metadata tables hold of one Dataverse table. */
export interface TableMetadata {
  /** Logical name of the Dataverse table. */
  readonly table: string;
  /** Tells what was read; kept beside the rows, at most 64 characters. Absent: it cannot be known again. */
  readonly mark?: string;
  /** A mark of a later version that it replaces all the same: the organization was restored. */
  readonly replaces?: string;
  /** `globalOptionSet` carries `EntityName`, which its table has not: who needs an option. */
  readonly rows: Readonly<Record<MetadataTableKey, readonly MetadataRow[]>>;
}
