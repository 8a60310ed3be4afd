import { createHash } from 'node:crypto';
import type { FailureEntry } from './failure.ts';

/** How the ids of all failures of one row begin; without a record id, those of the table as a whole. */
export function failureIdPrefix(table: string, recordId: string | undefined): string {
  // A row key of Table Storage, which refuses these characters. The name of a Dataverse table has none of them.
  return `${table.replace(/[\\/#?\p{Cc}]/gu, '_')}|${recordId ?? '-'}|`;
}

/**
 * The id of an entry: equal entries have equal ids, so that reading one twice changes nothing, and the ids of one row's
 * failures are neighbours.
 */
export function failureId(entry: FailureEntry): string {
  const content = JSON.stringify([entry.notificationTime ?? null, entry.changeType, entry.reason]);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
  return failureIdPrefix(entry.entity, entry.recordId) + hash;
}
