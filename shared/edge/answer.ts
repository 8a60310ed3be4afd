import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { ServiceError } from '../errors.ts';
import type { ApiRequest } from '../model/api-request.ts';
import type { Caller } from '../model/caller.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';
import { jsonAnswer } from './json-answer.ts';
import { readJsonBody } from './json-body.ts';
import { routeParameter } from './route-parameter.ts';

/** Who sends the request; `REQUEST_TOKEN_MISSING` or what the verifier fails with otherwise. */
export async function authenticate(request: HttpRequest, door: Door): Promise<Caller> {
  const header = request.headers.get('authorization') ?? '';
  const token = /^bearer[ \t]+([^\s,]+)\s*$/i.exec(header)?.[1];
  if (token !== undefined) return door.verifier.verify(token);
  throw new ServiceError(
    'REQUEST_TOKEN_MISSING',
    `Cannot answer the request: its Authorization header ${header === '' ? 'is missing' : 'holds no bearer token'}; expected "Bearer" and one token.`,
  );
}

/**
 * The origin that the caller used. The front end of Azure ends TLS and says so in `X-Forwarded-Proto`, which is believed
 * only upwards, from http to https. `X-Forwarded-Host` is not set by it, so anybody can: it is ignored (the one that the
 * host itself sends is no header of the request), and a service behind a gateway names its address in a setting. A forged
 * Host reaches nobody but its sender: answers are not cached.
 */
function originOf(request: HttpRequest, url: URL): string {
  const forwarded = request.headers.get('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase();
  const isHttps = url.protocol === 'https:' || forwarded === 'https';
  return `${isHttps ? 'https' : 'http'}://${url.host}`;
}

/** Values by name in lower case. Of a name that comes twice none is chosen: they are joined, and fit nothing. */
export function queryOf({ query }: HttpRequest): ApiRequest['query'] {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    const known = values.get(name.toLowerCase());
    values.set(name.toLowerCase(), known === undefined ? value : `${known},${value}`);
  }
  return Object.fromEntries(values);
}

/**
 * Answers one request: authenticates it, reads it, runs the operation, and turns what it returns or throws into JSON.
 * Success is always 200. Never rejects.
 */
export async function answer(
  request: HttpRequest,
  door: Door,
  operation: (request: ApiRequest) => Promise<unknown>,
): Promise<HttpResponseInit> {
  const url = new URL(request.url);
  try {
    const caller = await authenticate(request, door);
    const body = request.method === 'GET' ? undefined : await readJsonBody(request);
    const id = routeParameter(request, 'id');
    const result = await operation({
      caller,
      origin: originOf(request, url),
      query: queryOf(request),
      ...(id === undefined ? {} : { id }),
      ...(body === undefined ? {} : { body }),
    });
    return jsonAnswer(200, result);
  } catch (error) {
    return errorAnswer(error, door, { method: request.method, path: url.pathname });
  }
}
