/**
 * Rows that a resync exports again: those that were given up to the failure log, those with these ids (lower-case guids),
 * or all of the table, in place.
 */
export type ResyncScope =
  | { readonly kind: 'failed' }
  | { readonly kind: 'rows'; readonly ids: readonly string[] }
  | { readonly kind: 'table' };
