/** A value of a row's JSON. Numbers that a JavaScript number cannot hold exactly arrive as their text. */
export type RowValue = string | number | boolean | null | object;

/** One row as the Web API gives it, annotations included. */
export type Row = Readonly<Record<string, RowValue>>;

/** What the page is followed by: another page, the link of the next delta, or nothing. */
export type PageLink =
  | { readonly kind: 'next'; readonly link: string }
  | { readonly kind: 'delta'; readonly link: string }
  | { readonly kind: 'end' };

/** One page of rows, and of ids that were deleted (lower-case guids). */
export interface ChangePage {
  readonly rows: readonly Row[];
  readonly deletedIds: readonly string[];
  readonly following: PageLink;
  /** Of the organization's metadata when the rows were read, a decimal text; absent where the answer does not tell. */
  readonly metadataVersion?: string;
}

/** `New`, `Update` and `Delete` for a row, `Trigger Initial Export` for a whole table: the words of the old service. */
export type ChangeType = 'New' | 'Update' | 'Delete' | 'Trigger Initial Export';
