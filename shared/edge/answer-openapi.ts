import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { automationOpenApi } from '../model/automation-api/openapi.ts';
import { taggedAnswer } from './answer-automation.ts';

let document: unknown;

/** Public, as the document of the old API is. */
export function answerOpenApi({ headers }: Pick<HttpRequest, 'headers'>): HttpResponseInit {
  document ??= automationOpenApi();
  return taggedAnswer(document, headers.get('if-none-match') ?? '', 'public, max-age=300');
}
