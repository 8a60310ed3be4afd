import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerJson, answerOrFail, readBody } from '../loopback-server.ts';
import type { DescribedFunction } from './list-functions.ts';

/** `POST /admin/functions/<name>` fires a timer, or queues `{"input": "..."}` for a queue function: 202. */
export function adminRequest(
  functions: readonly DescribedFunction[],
  actions: {
    fireTimer(name: string): void;
    sendMessage(queue: Extract<DescribedFunction, { type: 'queue' }>, text: string): Promise<void>;
  },
): RequestListener {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = /^\/admin\/functions\/([\w-]+)\/?$/.exec(request.url ?? '')?.[1];
    const found = functions.find((one) => one.name.toLowerCase() === name?.toLowerCase());
    if (!found || request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    const input = inputOf(await readBody(request));
    if (found.type === 'http' || (found.type === 'queue' && input === undefined)) {
      const expected =
        found.type === 'http' ? 'call its route' : 'the body {"input": "<message>"} is expected';
      return answerJson(response, 400, { error: `Cannot fire function "${found.name}": ${expected}.` });
    }
    if (found.type === 'timer') actions.fireTimer(found.name);
    else await actions.sendMessage(found, input ?? '');
    response.writeHead(202).end();
  };
  return (request, response) => answerOrFail(answer, request, response);
}

function inputOf(body: string): string | undefined {
  try {
    const { input } = JSON.parse(body) as { input?: unknown };
    return typeof input === 'string' ? input : undefined;
  } catch {
    return undefined;
  }
}
