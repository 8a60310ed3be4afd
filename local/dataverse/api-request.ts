import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './callers.ts';
import type { Preferences } from './odata/prefer.ts';

/** One call of the Web API whose caller is known. `root` is the address up to and with the version, without a slash. */
export type ApiRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  root: string;
  headers: IncomingHttpHeaders;
  prefer: Preferences;
  body: string;
  caller: Caller;
};

export type Answer = {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer[];
  contentType?: string;
};

/** A body that is an object is serialised; text and buffers are JSON already. */
export function jsonAnswer(body: object | string | Buffer[], headers: Record<string, string> = {}): Answer {
  return {
    status: 200,
    headers,
    body: typeof body === 'string' || isBuffers(body) ? body : JSON.stringify(body),
  };
}

function isBuffers(body: object): body is Buffer[] {
  return Array.isArray(body) && body[0] instanceof Buffer;
}
