import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../../errors.ts';

interface RefusedCall {
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly details?: { readonly errorCode?: unknown; readonly odataError?: { readonly code?: unknown } };
}

/** HTTP status and error code of a failed call of any of the three SDKs; undefined where there is none. */
export function refusalOf(error: unknown): {
  readonly status: number | undefined;
  readonly code: string | undefined;
} {
  const { statusCode, code, details } = (error ?? {}) as RefusedCall;
  const name = details?.odataError?.code ?? details?.errorCode ?? code;
  return {
    status: typeof statusCode === 'number' ? statusCode : undefined,
    code: typeof name === 'string' ? name : undefined,
  };
}

/** Whether storage refused a call with this HTTP status. */
export function isRefusal(error: unknown, ...statuses: number[]): boolean {
  const { status } = refusalOf(error);
  return status !== undefined && statuses.includes(status);
}

/** Makes the call; what it fails with becomes `STORAGE_UNAVAILABLE`. `doing` completes "Cannot …". */
export async function storageCall<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError || isMistake(error)) throw error;
    // The texts of the SDKs may repeat requests, so only status and code are told.
    const { status, code } = refusalOf(error);
    const answer = status === undefined ? 'storage did not answer' : `storage answered ${status}`;
    throw new ServiceError(
      'STORAGE_UNAVAILABLE',
      `Cannot ${doing}: ${answer}${code ? ` (${code})` : ''}; expected it to succeed.`,
      { cause: error },
    );
  }
}

/** A mistake of a program, such as the change that an update was given; storage is not to blame. */
function isMistake(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

const mostTries = 40;

/** A writer that lost the race to another answers this, and tries again. */
export const lostRace = Symbol('lost race');

/** Repeats a guarded write until no other writer came between; `STORAGE_CONFLICT` after many tries. */
export async function untilWritten<T>(
  doing: string,
  attempt: () => Promise<T | typeof lostRace>,
): Promise<T> {
  return await storageCall(doing, async () => {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const result = await attempt();
      if (result !== lostRace) return result;
      await delay(Math.random() * Math.min(200, 10 * tries));
    }
    throw new ServiceError(
      'STORAGE_CONFLICT',
      `Cannot ${doing}: other writers came between ${mostTries} times; expected to win once.`,
    );
  });
}
