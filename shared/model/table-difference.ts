/** In what a table, or what stands in its place, differs from what replication would make. Types as the server declares them. */
export type TableDifference =
  | { readonly kind: 'missing-table' }
  /** Something else has the name: "a view". */
  | { readonly kind: 'taken-name'; readonly found: string }
  | { readonly kind: 'missing-key' }
  | { readonly kind: 'other-key-name'; readonly found: string; readonly expected: string }
  | { readonly kind: 'missing-column'; readonly column: string; readonly expected?: string }
  | {
      readonly kind: 'narrower-column' | 'conflicting-column';
      readonly column: string;
      readonly found: string;
      readonly expected: string;
    }
  | { readonly kind: 'unknown-column'; readonly column: string; readonly found: string };

/** One table of a profile, or one that replication keeps beside them. */
export interface ComparedTable {
  /** Without prefix and schema. */
  readonly table: string;
  readonly isSystemTable: boolean;
  readonly differences: readonly TableDifference[];
}

/** What becomes of a difference: `change` is made by the next turn of the table, `conflict` stops it, `kept` harms nobody. */
export type DifferenceEffect = 'change' | 'conflict' | 'kept';

const effects: Readonly<Record<TableDifference['kind'], DifferenceEffect>> = {
  'missing-table': 'change',
  'taken-name': 'conflict',
  'missing-key': 'conflict',
  'other-key-name': 'kept',
  'missing-column': 'change',
  'narrower-column': 'change',
  'conflicting-column': 'conflict',
  'unknown-column': 'kept',
};

export const effectOf = ({ kind }: TableDifference): DifferenceEffect => effects[kind];

/** The difference as the end of a sentence about its table. */
export function differenceText(difference: TableDifference): string {
  switch (difference.kind) {
    case 'missing-table':
      return 'the table is missing';
    case 'taken-name':
      return `${difference.found} has its name`;
    case 'missing-key':
      return 'a table without a primary key on "Id" has its name';
    case 'other-key-name':
      return `its key is named "${difference.found}", expected "${difference.expected}"`;
    case 'missing-column':
      return `column "${difference.column}" is missing${difference.expected === undefined ? '' : `, expected ${difference.expected}`}`;
    case 'narrower-column':
    case 'conflicting-column':
      return `column "${difference.column}" is ${difference.found}, expected ${difference.expected}`;
    case 'unknown-column':
      return `column "${difference.column}" (${difference.found}) is not replication's`;
  }
}
