import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RegisteredFunction, WireHttp } from './functions-core.ts';
import type { Invocation } from './invoke-function.ts';
import { matchRoute, type Route } from './routes.ts';

const longestRequestLine = 8192;

export type InvokeHttp = (
  target: RegisteredFunction,
  invocation: Invocation,
) => Promise<{ returnValue?: { http?: WireHttp } | null }>;

/** A request whose function was found, and the answer that it is to get. */
export type HttpCall = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly target: RegisteredFunction;
  /** Parameters of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
};

/**
 * Answers HTTP requests with the functions that own the routes. Unknown routes and wrong methods are 404, as on the
 * real host; what `run` rejects with is a 500 without a body, or a broken connection when the answer has begun.
 */
export function httpTrigger(
  unsorted: readonly Route<RegisteredFunction>[],
  run: (call: HttpCall) => Promise<void>,
): RequestListener {
  const sortKey = ({ target }: Route<RegisteredFunction>) => target.name.toUpperCase();
  const routes = unsorted.toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  return async (request, response) => {
    const { method = '', url: target = '' } = request;
    if (`${method} ${target} HTTP/1.1`.length > longestRequestLine) return end(response, 414);
    const url = requestUrl(request);
    const match = url && matchRoute(routes, method, url.pathname);
    if (!match) return end(response, url ? 404 : 400);
    try {
      await run({ request, response, url, ...match });
    } catch {
      if (response.headersSent) response.destroy();
      // What is left of the body would be taken for the next request.
      else end(request.complete ? response : response.setHeader('connection', 'close'), 500);
    }
  };
}

/** The scheme is what the front end says, as on Linux in Azure. */
function requestUrl({ headers, url = '' }: IncomingMessage): URL | undefined {
  const [forwarded = ''] = String(headers['x-forwarded-proto'] ?? '').split(',');
  const scheme = forwarded.trim().toLowerCase() === 'https' ? 'https' : 'http';
  const href = `${scheme}://${headers.host ?? 'localhost'}${url}`;
  const hasNull = /%00/.test(url.split('?', 1)[0] ?? '');
  return url.startsWith('/') && !hasNull && URL.canParse(href) ? new URL(href) : undefined;
}

/** Headers by their names in lower case; one that comes twice is joined, as the real host does it. */
export function joinedHeaders({ headersDistinct }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(',')]),
  );
}

/**
 * The body as the real host reads it before it calls a function: only when its length is announced. Rejects when that is
 * more than allowed, or the body breaks off.
 */
export async function readAnnouncedBody(request: IncomingMessage, largestBodyBytes: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > largestBodyBytes) throw new Error(`a body of ${announced} bytes`);
  const parts: Buffer[] = [];
  if (announced > 0) for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The worker sends names in lower case; the real host's server spells them as usual, and ADAL looks for exactly `WWW-Authenticate`. */
export function spelledHeader(name: string): string {
  return name.replace(/^www(?=-)|(?<![a-z])[a-z]/g, (start) => start.toUpperCase());
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
