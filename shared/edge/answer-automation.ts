import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { ServiceError } from '../errors.ts';
import type { AutomationAnswer, AutomationRequest } from '../model/automation-api/request.ts';
import { authenticate, queryOf } from './answer.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';
import { jsonAnswer } from './json-answer.ts';
import { readJsonBody } from './json-body.ts';
import { routeParameter } from './route-parameter.ts';

const longestKey = 200;

/**
 * Answers one request under `automation/`: authenticates it, reads it, and runs the use case. What is read has an ETag of its
 * text, and is answered 304 to who has it already. Never rejects.
 */
export async function answerAutomation(
  request: HttpRequest,
  door: Door,
  useCase: (request: AutomationRequest) => Promise<AutomationAnswer>,
): Promise<HttpResponseInit> {
  const { method } = request;
  try {
    const caller = await authenticate(request, door);
    const body = method === 'GET' ? undefined : await readJsonBody(request);
    const answer = await useCase({
      caller,
      id: routeParameter(request, 'id'),
      failureId: routeParameter(request, 'failureid'),
      query: queryOf(request),
      body,
      idempotencyKey: method === 'GET' ? undefined : idempotencyKey(request),
    });
    if (method === 'GET') return taggedAnswer(answer.body, request.headers.get('if-none-match') ?? '');
    const { status, location } = answer;
    return jsonAnswer(status, answer.body, location === undefined ? {} : { Location: location });
  } catch (error) {
    return errorAnswer(error, door, { method, path: new URL(request.url).pathname });
  }
}

/** JSON that its reader may keep, but has to ask for again. */
export function taggedAnswer(value: unknown, known: string, cache = 'private, no-cache'): HttpResponseInit {
  const text = JSON.stringify(value);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  const headers = { ETag: tag, 'Cache-Control': cache };
  const tags = known.split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (tags.includes(tag) || tags.includes('*')) return jsonAnswer(304, undefined, headers);
  return jsonAnswer(200, value, headers);
}

function idempotencyKey({ headers }: HttpRequest): string | undefined {
  const key = headers.get('idempotency-key')?.trim();
  if (key === undefined || key === '') return undefined;
  if (key.length <= longestKey) return key;
  throw new ServiceError(
    'REQUEST_INVALID',
    `Cannot take the request: its Idempotency-Key has ${key.length} characters; allowed are ${longestKey}.`,
    { parameters: ['Idempotency-Key'] },
  );
}
