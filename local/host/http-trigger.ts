import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RegisteredFunction, WireHttp } from './functions-core.ts';
import type { Invocation } from './invoke-function.ts';
import { matchRoute, type Route } from './routes.ts';

const largestBodyBytes = 100 * 1024 * 1024;

/**
 * Answers HTTP requests with the functions that own the routes. Unknown routes and wrong methods are 404, as on the
 * real host; an error of a function is a 500 without a body.
 */
export function httpTrigger(
  routes: readonly Route<RegisteredFunction>[],
  invoke: (
    target: RegisteredFunction,
    invocation: Invocation,
  ) => Promise<{ returnValue?: { http?: WireHttp } | null }>,
): RequestListener {
  return async (request, response) => {
    const url = requestUrl(request);
    const match = url && matchRoute(routes, request.method ?? '', url.pathname);
    if (!match) return end(response, url ? 404 : 400);
    try {
      const body = await readBody(request);
      if (!body) return end(response.setHeader('connection', 'close'), 413);
      const http: WireHttp = {
        url: url.href,
        method: request.method ?? 'GET',
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

function requestUrl(request: IncomingMessage): URL | undefined {
  const href = `http://${request.headers.host ?? 'localhost'}${request.url}`;
  return request.url?.startsWith('/') && URL.canParse(href) ? new URL(href) : undefined;
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > largestBodyBytes) return undefined;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > largestBodyBytes) return undefined;
    parts.push(part);
  }
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
