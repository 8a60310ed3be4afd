import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listenOnLoopback } from '../../local/loopback-server.ts';
import { type DataverseOptions, dataverse } from '../../shared/adapters/dataverse/dataverse.ts';
import type { Dataverse } from '../../shared/ports/dataverse.ts';

/** A clock that does not wait: sleeping moves it. */
export function movedClock() {
  let time = Date.parse('2026-01-01T00:00:00Z');
  const slept: number[] = [];
  return {
    slept,
    now: () => new Date(time),
    sleep: async (milliseconds: number) => {
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}

export interface WebApiServer extends AsyncDisposable {
  readonly origin: string;
  readonly dataverse: Dataverse;
  readonly requests: IncomingMessage[];
  readonly clock: ReturnType<typeof movedClock>;
}

/** How one request is answered: status, body and headers, or by hand. */
export type Reply =
  | { readonly status?: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | ((response: ServerResponse, request: IncomingMessage) => void);

/** A Web API that answers as told, request by request; the last reply is repeated. */
export async function webApiServer(
  replies: readonly Reply[] | ((request: IncomingMessage) => Reply),
  options: Partial<DataverseOptions> = {},
): Promise<WebApiServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const reply =
      typeof replies === 'function' ? replies(request) : (replies[requests.length - 1] ?? replies.at(-1));
    request.resume();
    if (typeof reply === 'function') return reply(response, request);
    const { status = 200, body = {}, headers = {} } = reply ?? {};
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const origin = `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
  const clock = movedClock();
  const tokens = { forResource: async (_: string, refused?: string) => (refused ? 'second' : 'first') };
  return {
    origin,
    requests,
    clock,
    dataverse: dataverse({ origin, tokens, clock, pageSize: 5000, ...options }),
    [Symbol.asyncDispose]: () => closeServer(server),
  };
}
