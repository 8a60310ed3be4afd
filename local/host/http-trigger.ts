import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RegisteredFunction, WireHttp } from './functions-core.ts';
import type { Invocation } from './invoke-function.ts';
import { matchRoute, type Route } from './routes.ts';

const largestBodyBytes = 100 * 1024 * 1024;
const longestRequestLine = 8192;

/**
 * Answers HTTP requests with the functions that own the routes. Unknown routes and wrong methods are 404, as on the
 * real host; an error of a function, and a body of more than 100 MB, is a 500 without a body.
 */
export function httpTrigger(
  unsorted: readonly Route<RegisteredFunction>[],
  invoke: (
    target: RegisteredFunction,
    invocation: Invocation,
  ) => Promise<{ returnValue?: { http?: WireHttp } | null }>,
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
      const body = await readBody(request);
      if (!body) return end(response.setHeader('connection', 'close'), 500);
      const http: WireHttp = {
        url: url.href,
        method,
        headers: joined(request.headersDistinct),
        query: joinedQuery(url),
        params: match.params,
        ...(body.length > 0 ? { body: { bytes: body } } : {}),
      };
      const { returnValue } = await invoke(match.target, { input: { http } });
      write(response, returnValue?.http);
    } catch {
      end(response, 500);
    }
  };
}

function requestUrl({ headers, url = '' }: IncomingMessage): URL | undefined {
  const href = `http://${headers.host ?? 'localhost'}${url}`;
  const hasNull = /%00/.test(url.split('?', 1)[0] ?? '');
  return url.startsWith('/') && !hasNull && URL.canParse(href) ? new URL(href) : undefined;
}

/** The real host takes no body whose length is not announced: one in chunks is as good as none. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > largestBodyBytes) return undefined;
  const parts: Buffer[] = [];
  for await (const part of request) if (announced > 0) parts.push(part);
  return Buffer.concat(parts);
}

function joined(headers: NodeJS.Dict<string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, (values ?? []).join(',')]),
  );
}

/** Repeated keys arrive joined, as from the real host. */
function joinedQuery({ searchParams }: URL): Record<string, string> {
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((key) => [key, searchParams.getAll(key).join(',')]),
  );
}

function write(response: ServerResponse, http: WireHttp = { statusCode: '204' }): void {
  response.statusCode = Number(http.statusCode ?? 200);
  for (const [name, value] of Object.entries(http.headers ?? {})) {
    if (name !== 'set-cookie') response.setHeader(spelled(name), value);
  }
  const cookies = (http.cookies ?? []).map(cookieText);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(http.body?.bytes ?? http.body?.string);
}

/** The worker sends names in lower case; the real host's server spells them as usual, and ADAL looks for exactly `WWW-Authenticate`. */
function spelled(name: string): string {
  return name.replace(/^www(?=-)|(?<![a-z])[a-z]/g, (start) => start.toUpperCase());
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

/** The library gives cookie fields as `{ value }`, the wire form of a value that may be missing. */
function cookieText(cookie: Record<string, unknown>): string {
  const field = (name: string): unknown => {
    const value = cookie[name];
    return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
  };
  const expires = field('expires');
  const attributes = [
    `${field('name')}=${encodeURIComponent(String(field('value') ?? ''))}`,
    field('path') && `Path=${field('path')}`,
    field('domain') && `Domain=${field('domain')}`,
    typeof field('maxAge') === 'number' && `Max-Age=${field('maxAge')}`,
    expires && `Expires=${expiryText(expires)}`,
    field('secure') && 'Secure',
    field('httpOnly') && 'HttpOnly',
    field('sameSite') && field('sameSite') !== 'none' && `SameSite=${field('sameSite')}`,
    field('sameSite') === 'explicitNone' && 'SameSite=None',
  ];
  return attributes.filter(Boolean).join('; ');
}

function expiryText(expires: unknown): string {
  const seconds = (expires as { seconds?: number }).seconds;
  return new Date(seconds === undefined ? (expires as string) : seconds * 1000).toUTCString();
}
