import { ServiceError } from '../../errors.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import { unreadable } from './read-profiles.ts';

const greatestAnswer = 64 * 1024 * 1024;

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

export function exporterAsk({ url, resource, tokens, timeoutSeconds = 100 }: ExporterHttpOptions): Ask {
  return async (path, what, body) => {
    const token = await tokens.forResource(resource);
    const isPost = body !== undefined;
    const response = await reach(what, () =>
      fetch(new URL(`/crm/exporter/${path}`, url), {
        ...(isPost && { method: 'POST', body: body === '' ? '' : JSON.stringify(body) }),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(isPost && { 'content-type': 'application/json' }),
        },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      }),
    );
    return { status: response.status, text: await reach(what, () => readText(response, what)) };
  };
}

/** A connection that fails or is too late is `EXPORTER_UNREACHABLE`. `what` completes "Cannot read ... of the exporter". */
async function reach<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const why = isLate ? 'it did not answer in time' : 'the connection failed';
    throw new ServiceError('EXPORTER_UNREACHABLE', `Cannot read ${what} of the exporter: ${why}.`, {
      cause: error,
    });
  }
}

/** The text of an answer, of bounded length. */
async function readText(response: Response, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const bytes of response.body ?? []) {
    length += bytes.length;
    if (length > greatestAnswer) throw unreadable(what, 'the answer is longer than 64 MB');
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
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
