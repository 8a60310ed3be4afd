import type { HttpResponseInit } from '@azure/functions';
import { ServiceError } from '../errors.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';

/** DES: `aad/challenge` answers 401 to everybody, signed in or not; ADAL takes any other status for an error. */
export function answerChallenge(door: Door): HttpResponseInit {
  return errorAnswer(
    new ServiceError(
      'REQUEST_TOKEN_MISSING',
      'Cannot answer the request: it carries no bearer token; the header WWW-Authenticate says where to get one.',
    ),
    door,
    { method: 'GET', path: '/crm/exporter/aad/challenge' },
  );
}
