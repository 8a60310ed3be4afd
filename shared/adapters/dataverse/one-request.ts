import type { ServiceError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RowQuery } from '../../ports/dataverse.ts';
import { exchange, networkReason, type Received } from './exchange.ts';
import { dataverseError, type Refusal, readRefusal, refusalError } from './map-error.ts';

/** One request: `path` below `/api/data/v9.2/`, or an absolute link that Dataverse gave. */
export interface WebApiRequest {
  /** For messages, without the organization: `read table "account"`. */
  readonly purpose: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the request a PATCH. Only the first identity writes; it leaves the budget to reads, and waits for no pause. */
  readonly patch?: object;
  /** Statuses that are an answer to this request and no failure. */
  readonly expectedStatuses?: readonly number[];
  /** A caller of the API waits for the answer: an organization that is down is given up after 10 s instead of minutes. */
  readonly isAwaited?: boolean;
  /** A question on which others wait, such as which tables there are: it stands in no line behind long ones. */
  readonly isUrgent?: boolean;
  /** It reads rows of this table: after other reads, and only as an identity that may read all of the table. */
  readonly rowsOf?: RowQuery['table'];
  /**
   * Whether rows may be missing in this answer because the identity may not read all of the table any more: Dataverse says
   * nothing of them. It is believed when the identity has shown afterwards that it still may.
   */
  readonly mayLackRows?: (body: unknown) => boolean;
}

/** `body` is the exact JSON of a success; `refusal` is set for an expected status that is none. */
export interface WebApiAnswer {
  readonly body: unknown;
  readonly refusal?: Refusal;
}

const requestTimeoutMilliseconds = 120_000;
const awaitedTimeoutMilliseconds = 10_000;

export const timeoutOf = ({ isAwaited }: WebApiRequest) =>
  isAwaited ? awaitedTimeoutMilliseconds : requestTimeoutMilliseconds;

/** Where it goes; no other place than the Web API of the organization gets its token. */
export function urlOf({ path, purpose }: WebApiRequest, origin: string): URL {
  const url = new URL(path, `${origin}/api/data/v9.2/`);
  const isOwn = url.origin === origin && url.username === '' && url.password === '';
  if (isOwn && url.pathname.startsWith('/api/data/')) return url;
  const happened = 'a link leads elsewhere than to the Web API of the organization';
  throw dataverseError('DATAVERSE_REQUEST_REFUSED', purpose, origin, happened);
}

/** Sends it once; `DATAVERSE_UNREACHABLE` when there is no answer. */
export async function receive(
  request: WebApiRequest,
  origin: string,
  token: string,
  clock: Clock,
): Promise<Received> {
  const { purpose, headers, patch } = request;
  const timeoutMilliseconds = timeoutOf(request);
  const url = urlOf(request, origin);
  try {
    return await exchange({ url, token, headers, patch, timeoutMilliseconds, now: clock.now });
  } catch (cause) {
    const happened = networkReason(cause, timeoutMilliseconds);
    throw dataverseError('DATAVERSE_UNREACHABLE', purpose, origin, happened, { cause });
  }
}

export const refusalIn = ({ status, text, retryAfterSeconds }: Received): Refusal =>
  readRefusal(status, text, retryAfterSeconds);

/** What was refused as an error; undefined for a success and for what was expected. */
export function errorOf(
  { purpose, patch, expectedStatuses = [] }: WebApiRequest,
  origin: string,
  received: Received,
): ServiceError | undefined {
  if (received.isOk || expectedStatuses.includes(received.status)) return undefined;
  return refusalError(refusalIn(received), purpose, origin, patch === undefined);
}

export function answerOf({ purpose }: WebApiRequest, origin: string, received: Received): WebApiAnswer {
  const { isOk, json, contentType } = received;
  if (!isOk) return { body: undefined, refusal: refusalIn(received) };
  try {
    return { body: json() };
  } catch {
    const happened = `the answer is no readable JSON (${contentType.slice(0, 80)})`;
    throw dataverseError('DATAVERSE_ANSWER_UNREADABLE', purpose, origin, happened);
  }
}
