import { type ExactJsonReader, exactJsonReader } from './exact-json-reader.ts';
import type { LimitNews } from './identity-pace.ts';

/** One request on its way: the address is checked, and the token is for it. */
export interface Sent {
  readonly url: URL;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Makes it a PATCH. */
  readonly patch?: object | undefined;
  readonly timeoutMilliseconds: number;
  /** For a `Retry-After` that is a date. */
  readonly now: () => Date;
}

/** An answer, read to its end. */
export interface Received {
  readonly status: number;
  readonly isOk: boolean;
  readonly contentType: string;
  /** Of a refusal; empty for a success. */
  readonly text: string;
  /** The exact JSON of a success, undefined when it is empty; throws when it is no JSON. */
  readonly json: () => unknown;
  readonly retryAfterSeconds: number | undefined;
  readonly news: LimitNews;
}

/** As Microsoft recommends for the Web API. No cookie is kept, so that each request may reach another server. */
const headersOfAll = {
  accept: 'application/json',
  'accept-encoding': 'gzip',
  'odata-version': '4.0',
  'odata-maxversion': '4.0',
  'user-agent': 'dataverse-export',
};

/** Sends it and reads the answer; rejects as `fetch` does when there is none. */
export async function exchange(sent: Sent): Promise<Received> {
  const { url, token, headers, patch, timeoutMilliseconds, now } = sent;
  const response = await fetch(url, {
    method: patch ? 'PATCH' : 'GET',
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMilliseconds),
    headers: {
      ...headersOfAll,
      ...(patch ? { 'content-type': 'application/json' } : { 'if-none-match': 'null' }),
      ...headers,
      authorization: `Bearer ${token}`,
      'x-ms-client-request-id': crypto.randomUUID(),
    },
    ...(patch ? { body: JSON.stringify(patch) } : {}),
  });
  const text = response.ok ? '' : await response.text();
  const { end: json } = await readJson(response);
  return {
    status: response.status,
    isOk: response.ok,
    contentType: response.headers.get('content-type') ?? 'no content type',
    text,
    json,
    retryAfterSeconds: retryAfter(response.headers.get('retry-after'), now),
    news: {
      hint: wholeHint(numberIn(response.headers.get('x-ms-dop-hint'))),
      requestsLeft: numberIn(response.headers.get('x-ms-ratelimit-burst-remaining-xrm-requests')),
      secondsLeft: numberIn(response.headers.get('x-ms-ratelimit-time-remaining-xrm-requests')),
    },
  };
}

async function readJson({ ok, body }: Response): Promise<ExactJsonReader> {
  const reader = exactJsonReader();
  if (ok && body) for await (const bytes of body) reader.take(bytes);
  return reader;
}

/** Seconds, or an HTTP date; at least one. */
function retryAfter(text: string | null, now: () => Date): number | undefined {
  if (text === null) return undefined;
  const seconds = Number(text);
  const wait = Number.isNaN(seconds) ? (Date.parse(text) - now().getTime()) / 1000 : seconds;
  return Number.isNaN(wait) ? undefined : Math.max(1, Math.ceil(wait));
}

/** `1,200.00` is on record. */
function numberIn(text: string | null): number | undefined {
  const number = /^[\d,]+(\.\d+)?$/.test(text ?? '') ? Number(text?.replaceAll(',', '')) : Number.NaN;
  return Number.isNaN(number) ? undefined : number;
}

const wholeHint = (hint: number | undefined) =>
  hint === undefined || hint < 1 ? undefined : Math.floor(hint);

/** Why there was no answer, without an address. */
export function networkReason(cause: unknown, timeoutMilliseconds: number): string {
  const { name, cause: inner } = cause as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return `no answer within ${timeoutMilliseconds / 1000} s`;
  return `the connection failed (${inner?.code ?? name ?? 'no code'})`;
}
