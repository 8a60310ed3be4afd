import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { hasCode, ServiceError } from '../errors.ts';
import type { Operation } from '../model/operation.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';
import { jsonAnswer } from './json-answer.ts';
import { readBytes } from './json-body.ts';
import { routeParameter } from './route-parameter.ts';

const largestBodyBytes = 65_536;

/** One call, as `takeTicketWebhook` takes it. */
interface TicketCall {
  readonly system: string;
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
}

/**
 * Answers a webhook call: 202 with the operation and where to ask for it, 200 when nothing is to be done. The door is only
 * for its log: a call is let in by its signature, and needs no token. Never rejects.
 */
export async function answerTicketWebhook(
  request: HttpRequest,
  door: Door,
  take: (call: TicketCall) => Promise<{ readonly operation: Operation } | { readonly nothing: string }>,
): Promise<HttpResponseInit> {
  try {
    const body = await readBytes(
      request,
      largestBodyBytes,
      (length) =>
        new ServiceError(
          'WEBHOOK_BODY_TOO_LARGE',
          `Cannot take the call: its body has ${length} bytes; allowed are ${largestBodyBytes}.`,
        ),
    );
    const system = routeParameter(request, 'system') ?? '';
    const taken = await take({ system, header: (name) => request.headers.get(name), body });
    if ('nothing' in taken) return jsonAnswer(200, { message: taken.nothing });
    const { id, state, message, rows } = taken.operation;
    return jsonAnswer(
      202,
      { operationId: id, state, message, rows },
      { Location: `/automation/operations/${id}` },
    );
  } catch (error) {
    const answer = errorAnswer(error, door, { method: request.method, path: new URL(request.url).pathname });
    if (!hasCode(error, 'WEBHOOK_SIGNATURE_INVALID')) return answer;
    // No token helps here.
    return { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'HMAC-SHA256' } };
  }
}
