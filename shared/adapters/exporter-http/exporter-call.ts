import { ServiceError } from '../../errors.ts';
import { reach, readText } from '../../http-answer.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import { unreadable } from './read-profiles.ts';

const greatestAnswer = 128 * 1024 * 1024;

/** Which exporter, and the resource that its tokens are for. */
export interface ExporterHttpOptions {
  /** Origin of a service with the DES REST API. */
  readonly url: string;
  readonly resource: string;
  readonly tokens: AccessTokens;
  readonly timeoutSeconds?: number;
}

/** A call under `/crm/exporter/`, a POST where there is a body (an empty text: without one); `what` is for errors. */
export type Ask = (
  path: string,
  what: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly text: string }>;

export function exporterAsk({ url, resource, tokens, timeoutSeconds = 45 }: ExporterHttpOptions): Ask {
  return async (path, what, body) => {
    const token = await tokens.forResource(resource);
    const isPost = body !== undefined;
    const unreachable = (why: string, cause: unknown) =>
      new ServiceError('EXPORTER_UNREACHABLE', `Cannot read ${what} of the exporter: ${why}.`, { cause });
    const tooLong = () => unreadable(what, 'the answer is longer than 128 MB');
    const send = () =>
      fetch(new URL(`/crm/exporter/${path}`, url), {
        ...(isPost && { method: 'POST', body: body === '' ? '' : JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(isPost && { 'content-type': 'application/json' }),
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
    const response = await reach(send, unreachable);
    const text = await reach(() => readText(response, greatestAnswer, tooLong), unreachable);
    return { status: response.status, text };
  };
}

/** The error of a status that was not expected. */
export function refused(what: string, status: number): ServiceError {
  const isOfOurs = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const code = isOfOurs
    ? 'EXPORTER_REFUSED'
    : status < 400
      ? 'EXPORTER_ANSWER_UNREADABLE'
      : 'EXPORTER_UNREACHABLE';
  return new ServiceError(code, `Cannot read ${what} of the exporter: it answered ${status}; expected 200.`);
}
