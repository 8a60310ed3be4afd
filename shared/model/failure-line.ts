import type { FailureEntry } from './failure.ts';
import { readLogTime, writeLogTime } from './failure-log-time.ts';
import { isGuid } from './guid.ts';

/**
 * One entry as one line with its line end. Line breaks in the reason become spaces, because a reader ends an entry where
 * a line begins like another one. DES: labels, separators and times as in the old service's logs.
 */
export function writeFailureLine(entry: FailureEntry): string {
  const fields = [
    `Entity: ${oneField(entry.entity)}`,
    `RecordId: ${entry.recordId ?? 'N/A'}`,
    `NotificationTime: ${entry.notificationTime === undefined ? '' : writeLogTime(entry.notificationTime)}`,
    `ChangeType: ${oneField(entry.changeType)}`,
    `FailureReason: ${oneLine(entry.reason)}`,
  ];
  return `${fields.join(', ')}\n`;
}

const oneLine = (text: string) =>
  text
    .toWellFormed()
    .replace(/[\r\n\u0085\u2028\u2029]+/g, ' ')
    .trim();
const oneField = (text: string) => oneLine(text.replaceAll(',', ' '));

/** A text is the head of an entry (`entry`), may become one with the next line (`open`), or cannot (`none`). */
export type FailureHead =
  | { readonly kind: 'entry'; readonly entry: Omit<FailureEntry, 'reason'>; readonly reasonStart: number }
  | { readonly kind: 'open' | 'none' };

// No two neighbouring parts can match the same character, so a text that does not fit is refused in linear time.
const head =
  /^\uFEFF?Entity:([^,]*),\s*RecordId:([^,]*),\s*NotificationTime:([^,]*),\s*ChangeType:([^,]*),\s*FailureReason:/;
const labels = ['RecordId:', 'NotificationTime:', 'ChangeType:', 'FailureReason:'];
const tableName = /^[\w.-]{1,128}$/;

/** Whether a line can begin an entry. */
export function beginsLikeEntry(line: string): boolean {
  return /^\uFEFF?Entity:/.test(line);
}

/** Reads the five labels in their order, whatever blanks or line breaks follow a separator. */
export function readFailureHead(text: string): FailureHead {
  const match = head.exec(text);
  if (!match) return { kind: mayContinue(text) ? 'open' : 'none' };
  const [entity = '', recordId = '', time = '', changeType = ''] = match.slice(1).map((part) => part.trim());
  const notificationTime = time === '' ? undefined : readLogTime(time);
  const isReadable =
    tableName.test(entity) &&
    (recordId === 'N/A' || isGuid(recordId.toLowerCase())) &&
    (time === '' || notificationTime !== undefined);
  if (!isReadable) return { kind: 'none' };
  return {
    kind: 'entry',
    entry: {
      entity,
      recordId: recordId === 'N/A' ? undefined : recordId.toLowerCase(),
      notificationTime,
      changeType,
    },
    reasonStart: match[0].length,
  };
}

/** A line break may follow a separator only, so an unfinished head ends in a comma and has its labels in order. */
function mayContinue(text: string): boolean {
  const parts = text.trimEnd().split(',', labels.length + 2);
  if (parts.pop() !== '' || parts.length > labels.length) return false;
  return parts.slice(1).every((part, index) => part.trimStart().startsWith(labels[index] ?? ''));
}
