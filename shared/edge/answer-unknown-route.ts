import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { asNamed, ServiceError } from '../errors.ts';
import { authenticate } from './answer.ts';
import { methodsAt } from './declared-status.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';

/**
 * Answers what no other route under `/crm/exporter` or `/automation` takes: a path that the API does not have, or a method that its path
 * does not. The host would answer 404 without a body, on which generated clients throw. Never rejects.
 */
export async function answerUnknownRoute(request: HttpRequest, door: Door): Promise<HttpResponseInit> {
  const { method } = request;
  const { pathname: path } = new URL(request.url);
  try {
    await authenticate(request, door);
    const methods = methodsAt(path);
    const reason =
      methods.length === 0
        ? `there is no such path; ${documentOf(path)} lists those of the API`
        : `the path does not take this method; allowed is ${methods.join(' or ')}`;
    throw new ServiceError(
      'REQUEST_ROUTE_UNKNOWN',
      `Cannot answer ${method} ${JSON.stringify(asNamed(path))}: ${reason}.`,
      { parameters: [method, asNamed(path)] },
    );
  } catch (error) {
    return errorAnswer(error, door, { method, path });
  }
}

const documentOf = (path: string) =>
  /^\/automation(\/|$)/i.test(path) ? '/automation/openapi.json' : '/swagger/docs/2016-01-01';
