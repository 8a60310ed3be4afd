import type { Caller } from '../caller.ts';

/** One authenticated request to the automation, free of HTTP. */
export interface AutomationRequest {
  readonly caller: Caller;
  /** `{id}` and `{failureId}` of the route, decoded. */
  readonly id?: string | undefined;
  readonly failureId?: string | undefined;
  /** Names in lower case, values decoded. */
  readonly query: Readonly<Record<string, string>>;
  /** The JSON of the body; undefined when it is empty. */
  readonly body?: unknown;
  readonly idempotencyKey?: string | undefined;
}

/** What is answered. `location`: path of the operation that was accepted. */
export interface AutomationAnswer {
  readonly status: 200 | 202;
  readonly body: unknown;
  readonly location?: string;
}
