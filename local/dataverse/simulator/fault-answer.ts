import type { Answer } from '../api-request.ts';
import { DataverseError, errorCodes } from '../errors.ts';
import { expiredToken } from '../rows/delta-token.ts';
import type { Fault } from './faults.ts';
import type { Switches } from './switches.ts';
import { retryAfter, throttleErrors } from './throttle.ts';

const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body><h2>${title}</h2><p>The service is temporarily unavailable.</p></body></html>`;

/** The answer of a planned fault; undefined for `slow` and `reset`, which the server does to the true answer. */
export function faultAnswer(fault: Fault, switches: Switches): Answer | undefined {
  const throttled = ([code, message]: readonly [string, string]) =>
    new DataverseError(429, code, message, retryAfter(fault.retryAfterSeconds ?? 1, switches));
  const html = (status: number, title: string): Answer => ({
    status,
    contentType: 'text/html; charset=utf-8',
    body: page(title),
    ...(fault.retryAfterSeconds === undefined
      ? {}
      : { headers: { 'Retry-After': String(fault.retryAfterSeconds) } }),
  });
  switch (fault.kind) {
    case '429-requests':
      throw throttled(throttleErrors.requests(switches.requestLimit, switches.limitWindowSeconds));
    case '429-time':
      throw throttled(
        throttleErrors.time(switches.executionTimeLimitSeconds * 1000, switches.limitWindowSeconds),
      );
    case '429-concurrency':
      throw throttled(throttleErrors.concurrency(switches.concurrencyLimit));
    case '502':
      return html(502, '502 Bad Gateway');
    case '503':
      return html(503, '503 Service Unavailable');
    case '504':
      return html(504, '504 Gateway Timeout');
    case 'html':
      return html(200, 'Sign in to your account');
    case 'deadlock':
      throw new DataverseError(
        400,
        errorCodes.sql,
        'Generic SQL error. Sql error: Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction. Sql Number: 1205',
      );
    case 'expired-delta':
      throw expiredToken(switches.expiredStatus);
    case 'unauthorized':
      return { status: 401, body: '' };
    case 'privilege':
      throw new DataverseError(
        403,
        errorCodes.privilegeDenied,
        "Principal user (Id=e0000000-0000-4000-8000-000000000003, type=8, roleCount=1, privilegeCount=465, accessMode=0), is missing prvReadAccount privilege (Id=886b280c-6396-4d56-a0a3-2c1b0a50ceb0) on OTC=1 for entity 'account'. context.Caller=e0000000-0000-4000-8000-000000000003",
      );
    default:
      return undefined;
  }
}
