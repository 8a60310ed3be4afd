import { hasCode, ServiceError } from '../../errors.ts';
import { reach, readText } from '../../http-answer.ts';
import type { TicketSystemName } from '../../model/ticket.ts';

/** Which system, and who calls it. */
export interface TicketHttpOptions {
  /** Origin; https, but for this machine. */
  readonly url: string;
  /** The login or the secrets, as the Key Vault has them. */
  readonly credential: () => Promise<string>;
  readonly timeoutSeconds?: number;
}

/** One call. `path` is from the origin, with everything that came from elsewhere encoded. */
export interface TicketHttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const greatestAnswer = 4 * 1024 * 1024;
const names: Record<TicketSystemName, string> = {
  servicenow: 'ServiceNow',
  jira: 'Jira',
  json: 'the ticket receiver',
};

/**
 * Calls a ticketing system; resolves to the JSON of the answer, undefined where it has none. Redirects are not followed and
 * no other origin is called, so that the login goes nowhere else. Fails with a `TICKET_*` code within the time-out.
 */
export function ticketHttp(
  system: TicketSystemName,
  { url, timeoutSeconds = 15 }: Pick<TicketHttpOptions, 'url' | 'timeoutSeconds'>,
) {
  return async ({ method, path, body, headers = {} }: TicketHttpCall): Promise<unknown> => {
    const address = new URL(path, url);
    const what = `Cannot ${method} ${address.pathname.slice(0, 100)} of ${names[system]}`;
    if (address.origin !== new URL(url).origin)
      throw new ServiceError('TICKET_SYSTEM_REFUSED', `${what}: the path leads to another origin.`);
    const unreachable = (why: string, cause: unknown) =>
      new ServiceError('TICKET_SYSTEM_UNREACHABLE', `${what}: ${why}.`, { cause });
    const tooLong = () => unreadable(what, 'the answer is longer than 4 MB');
    const send = () =>
      fetch(address, {
        method,
        headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
    const response = await reach(send, unreachable);
    const text = await reach(() => readText(response, greatestAnswer, tooLong), unreachable);
    if (!response.ok) throw refused(what, response);
    if (text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw unreadable(what, 'the answer is no JSON');
    }
  };
}

/** The header of a login `name:password`. */
export async function basicLogin(
  credential: TicketHttpOptions['credential'],
): Promise<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(await credential()).toString('base64')}` };
}

/** Takes it that there is no such ticket. */
export function orNone(error: unknown): undefined {
  if (!hasCode(error, 'TICKET_NOT_FOUND')) throw error;
  return undefined;
}

/** The value behind names and indexes in an answer. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}

/** A text there; `TICKET_SYSTEM_ANSWER_UNREADABLE` otherwise. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found === 'string' && found !== '') return found;
  throw unreadable('Cannot read an answer of the ticketing system', `it has no text ${path.join('.')}`);
}

/** The list there; none when there is nothing. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

function unreadable(what: string, why: string): ServiceError {
  return new ServiceError('TICKET_SYSTEM_ANSWER_UNREADABLE', `${what}: ${why}.`);
}

function refused(what: string, { status, headers }: Response): ServiceError {
  const message = `${what}: it answered ${status}; expected 200, 201 or 204.`;
  const isOfOthers = status >= 500 || status === 408 || status === 429;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (status === 404) return new ServiceError('TICKET_NOT_FOUND', message);
  if (isOfOthers)
    return new ServiceError('TICKET_SYSTEM_UNREACHABLE', message, {
      ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: Math.min(seconds, 86_400) } : {}),
    });
  return new ServiceError('TICKET_SYSTEM_REFUSED', message);
}
