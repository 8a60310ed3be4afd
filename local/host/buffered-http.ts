import type { ServerResponse } from 'node:http';
import type { WireHttp } from './functions-core.ts';
import {
  type HttpCall,
  type InvokeHttp,
  joinedHeaders,
  readAnnouncedBody,
  spelledHeader,
} from './http-trigger.ts';

/**
 * Calls functions of an app without HTTP streams: request and answer are one message each. A body whose length is not
 * announced is as good as none, as on the real host.
 */
export function bufferedHttp(invoke: InvokeHttp, largestBodyBytes: number) {
  return async ({ request, response, url, target, params }: HttpCall): Promise<void> => {
    const body = await readAnnouncedBody(request, largestBodyBytes);
    const http: WireHttp = {
      url: url.href,
      method: request.method ?? '',
      headers: joinedHeaders(request),
      query: joinedQuery(url),
      params: { ...params },
      ...(body.length > 0 ? { body: { bytes: body } } : {}),
    };
    const { returnValue } = await invoke(target, { input: { http } });
    write(response, returnValue?.http);
  };
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
    if (name !== 'set-cookie') response.setHeader(spelledHeader(name), value);
  }
  const cookies = (http.cookies ?? []).map(cookieText);
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(http.body?.bytes ?? http.body?.string);
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
