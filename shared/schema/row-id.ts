import type { Row } from '../model/change.ts';

/** The id of a row in lower case, as the destination stores it; `member` of its JSON holds the primary key. */
export function rowId(row: Row, member: string): string {
  return String(row[member]).toLowerCase();
}
