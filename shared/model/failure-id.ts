import { createHash } from 'node:crypto';
import type { FailureEntry } from './failure.ts';

/** How the ids of all failures of one table begin. */
export function failureIdTablePrefix(table: string): string {
  return `${table.toLowerCase().replace(/[^a-z0-9_]/g, '-')}|`;
}

/** How the ids of all failures of one row begin; safe in keys of Table Storage. */
export function failureIdPrefix(table: string, recordId: string | undefined): string {
  return `${failureIdTablePrefix(table)}${recordId ?? 'table'}|`;
}

/**
 * The ledger's id of an entry: the same entry always has the same one, so that reading it twice changes nothing. An entry
 * without a time is told from the same one of another day by the folder of its log, which is one hour's.
 */
export function failureId(entry: FailureEntry, folder = ''): string {
  const { entity, recordId, notificationTime, changeType, reason } = entry;
  const text = JSON.stringify([entity, recordId ?? '', notificationTime ?? folder, changeType, reason]);
  return failureIdPrefix(entity, recordId) + createHash('sha256').update(text).digest('hex').slice(0, 32);
}
