import { createHash } from 'node:crypto';
import type { DestinationTable } from '../model/table-schema.ts';

/** A short text that is the same exactly for tables with the same columns from the same sources, in whatever order. */
export function fingerprint(table: DestinationTable): string {
  const columns = table.columns.map(({ name, source = '' }) => `${name}=${source}`).sort();
  return createHash('sha256').update(columns.join('\n')).digest('base64url').slice(0, 16);
}
