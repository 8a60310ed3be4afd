import type { ErrorCode } from '../error-codes.ts';
import type { ChangeType } from './change.ts';

/** A row that the destination refused, kept there until it is written, gone, or given up to the failure log. */
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
}
