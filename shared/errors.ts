import { type ErrorCode, errorCodes } from './error-codes.ts';

/** More about one error: parameters for the API's body, the wait that the other side asked for, and the foreign error. */
export interface ServiceErrorDetails {
  readonly parameters?: readonly string[];
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * The one error of this program. `message` has the form
 * "Cannot ‹do what› of ‹which thing›: ‹what happened›; ‹expected or allowed›." and never holds a secret or a row value.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly parameters: readonly string[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, details: ServiceErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.parameters = details.parameters ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** The error itself when it is ours; anything else becomes `INTERNAL`, its text kept out of the message and in `cause`. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError('INTERNAL', 'Cannot finish the operation: an unforeseen error; see the log.', {
    cause: error,
  });
}

/** Whether the error is ours and has one of the given codes. */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is ServiceError {
  return error instanceof ServiceError && codes.includes(error.code);
}

/** Of connection strings, signed links and tokens, which somebody may paste into the wrong place. */
const secretLike = /(password|pwd|accesskey|accountkey|secret|\bsig)(\s|%20)*(=|%3d)|eyJ[\w-]{10,2000}\.eyJ/i;

/** Turns the rest of a line around, hides, breaks it, or is half a character; not the joiners of emoji and some scripts. */
const misleading = /[\p{Cs}\p{Zl}\p{Zp}]|(?![\u200C\u200D])\p{Cf}/gu;

/**
 * What a caller named, fit for a message: short, without the login that an address may hold, never what looks like a
 * secret, and as it looks.
 */
export function asNamed(text: string): string {
  if (secretLike.test(text.slice(0, 2000))) return '(it looks like a secret)';
  return text
    .replace(/([/\\]{2})[^/\\?#]*@/g, '$1')
    .slice(0, 200)
    .replace(misleading, '\uFFFD');
}

/** The message with what cures it, for people. */
export function messageWithCure(error: Pick<ServiceError, 'message' | 'code'>): string {
  return `${error.message} ${errorCodes[error.code].cure}`;
}
