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
  body?: string;
  contentType?: string;
};

export function jsonAnswer(body: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}
