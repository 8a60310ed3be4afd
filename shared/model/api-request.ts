import type { Caller } from './caller.ts';

/** One authenticated request to the API, free of HTTP. */
export interface ApiRequest {
  readonly caller: Caller;
  /** Scheme, host and port that the request came in by, without a slash at the end. */
  readonly origin: string;
  /** Names in lower case, values decoded. */
  readonly query: Readonly<Record<string, string>>;
  /** `{id}` of the route, decoded. */
  readonly id?: string;
  /** The JSON of the body; absent when the body is empty. */
  readonly body?: unknown;
}
