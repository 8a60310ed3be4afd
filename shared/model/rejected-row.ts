import type { ErrorCode } from '../error-codes.ts';
import type { ChangeType } from './change.ts';

/**
 * A row that the destination refused, kept there until it is written or gone. After the last attempt it is given up: it is
 * in the failure log then, and not tried again before a newer version comes or a resync asks for it.
 */
export interface RejectedRow {
  readonly table: string;
  readonly id: string;
  /** Row version that was refused, a decimal text. */
  readonly version: string;
  readonly changeType: ChangeType;
  /** When the change was read from the source (ISO 8601). */
  readonly noticedAt: string;
  /** How often it was tried, the first time included. */
  readonly attempts: number;
  readonly nextAttemptAt: string;
  readonly code: ErrorCode;
  readonly reason: string;
  /** Whether a resync has asked for it: then it is given up to the log of resyncs. */
  readonly isResync: boolean;
}
