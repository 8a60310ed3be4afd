import { hasCode, type ServiceError } from '../../errors.ts';
import type { AccessTokens } from '../../ports/access-tokens.ts';
import type { Clock } from '../../ports/clock.ts';
import { parseExactJson } from './exact-json.ts';
import { dataverseError, type Refusal, readRefusal, refusalError } from './map-error.ts';

/** One request: `path` below `/api/data/v9.2/`, or an absolute link that Dataverse gave. */
export interface WebApiRequest {
  /** For messages, without the organization: `read table "account"`. */
  readonly purpose: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the request a PATCH. */
  readonly patch?: object;
  /** Statuses that are an answer to this request and no failure. */
  readonly expectedStatuses?: readonly number[];
  /** A caller of the API waits for the answer: an organization that is down is given up after 10 s instead of minutes. */
  readonly isAwaited?: boolean;
  /** Leaves the budget to others: while Dataverse asks to wait, the request fails at once instead of standing in line. */
  readonly givesWay?: boolean;
}

/** `body` is the exact JSON of a success; `refusal` is set for an expected status that is none. */
export interface WebApiAnswer {
  readonly body: unknown;
  readonly refusal?: Refusal;
}

export interface WebApiOptions {
  /** Origin of the organization, without a slash at the end. */
  readonly origin: string;
  readonly tokens: AccessTokens;
  readonly clock: Clock;
}

/** The Web API of one organization, one for the whole process: a pause that one answer asks for holds for all requests. */
export interface WebApi {
  readonly origin: string;
  /** Fails with a `DATAVERSE_*` code after at most 5 tries (3 if awaited) and 60 s of waiting; calls no other origin. */
  send(request: WebApiRequest): Promise<WebApiAnswer>;
  get<T>(
    purpose: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    more?: Pick<WebApiRequest, 'isAwaited'>,
  ): Promise<T>;
}

const mostTries = 5;
const mostWaitMilliseconds = 60_000;
const requestTimeoutMilliseconds = 120_000;
const mostTriesOfAwaited = 3;
const awaitedTimeoutMilliseconds = 10_000;
const defaultThrottleSeconds = 5;

/** As Microsoft recommends for the Web API. No cookie is kept, so that each request may reach another server. */
const headersOfAll = {
  accept: 'application/json',
  'accept-encoding': 'gzip',
  'odata-version': '4.0',
  'odata-maxversion': '4.0',
  'user-agent': 'dataverse-export',
};

export function webApi({ origin, tokens, clock }: WebApiOptions): WebApi {
  let pausedUntil = 0;

  async function send(request: WebApiRequest): Promise<WebApiAnswer> {
    const url = urlOf(request);
    const started = clock.now().getTime();
    const tries = request.isAwaited ? mostTriesOfAwaited : mostTries;
    let waited = 0;
    let refusedToken: string | undefined;

    const wait = async (milliseconds: number, error: ServiceError) => {
      if (waited + milliseconds > mostWaitMilliseconds) throw error;
      waited += milliseconds;
      await clock.sleep(milliseconds);
    };

    for (let attempt = 1; ; attempt++) {
      for (let pause = pauseLeft(); pause > 0; pause = pauseLeft()) {
        if (request.givesWay) throw paused(request, pause);
        await wait(pause, paused(request, pause));
      }
      const token = await tokenFor(request, refusedToken);
      try {
        return await once(request, url, token);
      } catch (error) {
        if (hasCode(error, 'DATAVERSE_THROTTLED')) {
          const seconds = error.retryAfterSeconds ?? defaultThrottleSeconds;
          pausedUntil = Math.max(pausedUntil, clock.now().getTime() + seconds * 1000);
          const isLast = attempt === mostTries || request.givesWay;
          if (isLast || seconds * 1000 > mostWaitMilliseconds) throw error;
        } else if (hasCode(error, 'DATAVERSE_UNREACHABLE', 'DATAVERSE_BUSY', 'DATAVERSE_ANSWER_UNREADABLE')) {
          const hasTakenLong = clock.now().getTime() - started >= timeoutOf(request);
          if (attempt === tries || hasTakenLong) throw error;
          await wait((error.retryAfterSeconds ?? 2 ** (attempt - 1)) * 1000 * (1 + Math.random() / 4), error);
        } else if (hasCode(error, 'DATAVERSE_UNAUTHORIZED') && refusedToken === undefined)
          refusedToken = token;
        else throw error;
      }
    }
  }

  const pauseLeft = () => pausedUntil - clock.now().getTime();

  const paused = (request: WebApiRequest, milliseconds: number) =>
    dataverseError('DATAVERSE_THROTTLED', request.purpose, origin, 'Dataverse asked to wait', {
      retryAfterSeconds: Math.ceil(milliseconds / 1000),
    });

  function urlOf({ path, purpose }: WebApiRequest): URL {
    const url = new URL(path, `${origin}/api/data/v9.2/`);
    const isOwn = url.origin === origin && url.username === '' && url.password === '';
    if (isOwn && url.pathname.startsWith('/api/data/')) return url;
    const happened = 'a link leads elsewhere than to the Web API of the organization';
    throw dataverseError('DATAVERSE_REQUEST_REFUSED', purpose, origin, happened);
  }

  async function tokenFor({ purpose }: WebApiRequest, refusedToken: string | undefined): Promise<string> {
    try {
      return await tokens.forResource(origin, refusedToken);
    } catch (cause) {
      const happened = "the app's own identity got no token";
      throw dataverseError('DATAVERSE_UNAUTHORIZED', purpose, origin, happened, { cause });
    }
  }

  async function once(request: WebApiRequest, url: URL, token: string): Promise<WebApiAnswer> {
    const { purpose, patch, expectedStatuses = [] } = request;
    const { response, text } = await exchange(request, url, token);
    if (response.ok) {
      if (text === '') return { body: undefined };
      try {
        return { body: parseExactJson(text) };
      } catch {
        const kind = response.headers.get('content-type') ?? 'no content type';
        const happened = `the answer is no readable JSON (${kind.slice(0, 80)})`;
        throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, origin, happened);
      }
    }
    const refusal = readRefusal(response.status, text, retryAfterSeconds(response));
    if (expectedStatuses.includes(response.status)) return { body: undefined, refusal };
    throw refusalError(refusal, purpose, origin, patch === undefined);
  }

  async function exchange(request: WebApiRequest, url: URL, token: string) {
    const { purpose, headers, patch } = request;
    const timeout = timeoutOf(request);
    try {
      const response = await fetch(url, {
        method: patch ? 'PATCH' : 'GET',
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
        headers: {
          ...headersOfAll,
          ...(patch ? { 'content-type': 'application/json' } : { 'if-none-match': 'null' }),
          ...headers,
          authorization: `Bearer ${token}`,
          'x-ms-client-request-id': crypto.randomUUID(),
        },
        ...(patch ? { body: JSON.stringify(patch) } : {}),
      });
      return { response, text: await response.text() };
    } catch (cause) {
      throw dataverseError('DATAVERSE_UNREACHABLE', purpose, origin, networkReason(cause, timeout), {
        cause,
      });
    }
  }

  function retryAfterSeconds(response: Response): number | undefined {
    const text = response.headers.get('retry-after');
    if (text === null) return undefined;
    const seconds = Number(text);
    const wait = Number.isNaN(seconds) ? (Date.parse(text) - clock.now().getTime()) / 1000 : seconds;
    return Number.isNaN(wait) ? undefined : Math.max(1, Math.ceil(wait));
  }

  return {
    origin,
    send,
    async get<T>(
      purpose: string,
      path: string,
      headers: Readonly<Record<string, string>> = {},
      more: Pick<WebApiRequest, 'isAwaited'> = {},
    ) {
      const { body } = await send({ purpose, path, headers, ...more });
      if (typeof body !== 'object' || body === null)
        throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, origin, 'the answer is no object');
      return body as T;
    },
  };
}

const timeoutOf = ({ isAwaited }: WebApiRequest) =>
  isAwaited ? awaitedTimeoutMilliseconds : requestTimeoutMilliseconds;

function networkReason(cause: unknown, timeoutMilliseconds: number): string {
  const { name, cause: inner } = cause as { name?: string; cause?: { code?: string } };
  if (name === 'TimeoutError') return `no answer within ${timeoutMilliseconds / 1000} s`;
  return `the connection failed (${inner?.code ?? name ?? 'no code'})`;
}
