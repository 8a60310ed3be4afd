import { createHash } from 'node:crypto';
import type { DestinationColumn, DestinationTable } from '../model/table-schema.ts';

/** A text that is the same exactly for tables with the same columns from the same sources, in whatever order: a mark a column. */
export function fingerprint(table: DestinationTable): string {
  return table.columns.map(markOf).sort().join(' ');
}

/** 48 bits: short, because it is stored with every table. */
function markOf({ name, source = '' }: DestinationColumn): string {
  return createHash('sha256').update(`${name}=${source}`).digest('base64url').slice(0, 8);
}

/** The table's columns that are not among those of a fingerprint. */
export function columnsBeside(fingerprint: string, table: DestinationTable): readonly DestinationColumn[] {
  const known = new Set(fingerprint.split(' '));
  return table.columns.filter((column) => !known.has(markOf(column)));
}

/** Whether any of the columns is among those of a fingerprint, if there is one. */
export function hadAnyOf(fingerprint: string | undefined, columns: readonly DestinationColumn[]): boolean {
  const known = new Set(fingerprint?.split(' '));
  return columns.some((column) => known.has(markOf(column)));
}

/** Whether the table has every column of the fingerprint, if there is one. */
export function coversAll(fingerprint: string | undefined, table: DestinationTable): boolean {
  if (fingerprint === undefined) return true;
  const marks = new Set(table.columns.map(markOf));
  return fingerprint.split(' ').every((mark) => marks.has(mark));
}
