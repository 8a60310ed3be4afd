import type { ErrorCode } from '../error-codes.ts';

/** One thing that a trial or a check has seen; an `error` stands in the way of replication. `message` is for people. */
export interface Finding {
  readonly severity: 'ok' | 'warning' | 'error';
  readonly code?: ErrorCode;
  readonly message: string;
}
