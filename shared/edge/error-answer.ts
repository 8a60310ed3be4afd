import type { HttpResponseInit } from '@azure/functions';
import { errorCodes } from '../error-codes.ts';
import { asNamed, asServiceError } from '../errors.ts';
import { challengeHeader } from './challenge.ts';
import { declaredStatus } from './declared-status.ts';
import type { Door } from './door.ts';
import { jsonAnswer } from './json-answer.ts';

/** Which request an error belongs to, as far as the answer and the log may say. */
export interface RequestLine {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
}

/** The error with those that caused it, stacks included: for the log only. */
function withCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${withCauses(error.cause)}`;
}

/**
 * DES: the old service's `ErrorResponse`. Of an unforeseen error the caller learns only a correlation id, under which
 * the log has the stack.
 */
export function errorAnswer(thrown: unknown, door: Door, request: RequestLine): HttpResponseInit {
  const error = asServiceError(thrown);
  const status = declaredStatus(errorCodes[error.code].httpStatus, request.method, request.path);
  const correlationId = crypto.randomUUID();
  const line = `${request.method} ${asNamed(request.path)} answered ${status} ${error.code} (correlation ${correlationId})`;
  const message = error.message.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  if (error.code === 'INTERNAL' || error.code === 'SETTINGS_INVALID')
    door.log.error(`${line}: ${withCauses(error)}`);
  else if (status === 500) door.log.warn(`${line}: ${message}`);
  else if (status !== 401) door.log.info(`${line}: ${message}`);
  return jsonAnswer(
    status,
    {
      CorrelationId: correlationId,
      ErrorCode: error.code,
      Message: error.message,
      Details: errorCodes[error.code].cure,
      Parameters: error.parameters,
    },
    status === 401 ? { 'WWW-Authenticate': challengeHeader(door) } : {},
  );
}
