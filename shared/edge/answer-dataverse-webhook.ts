import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { hasCode, ServiceError } from '../errors.ts';
import type { Door } from './door.ts';
import { errorAnswer } from './error-answer.ts';
import { jsonAnswer } from './json-answer.ts';
import { readBytes } from './json-body.ts';

/** Dataverse cuts what is longer than 256 KB; the headers say enough of anything beyond. */
const largestBodyBytes = 262_144;

/** One call, as `takeDataverseWebhook` takes it. */
interface DataverseCall {
  readonly header: (name: string) => string | null;
  readonly code: string | null;
  readonly body: Uint8Array | undefined;
}

/**
 * Answers a webhook call of Dataverse: 200 with a sentence, 401 without a key, and 503 for every trouble of ours, because
 * that is what Dataverse sends again (once). The door is only for its log. Never rejects.
 */
export async function answerDataverseWebhook(
  request: HttpRequest,
  door: Door,
  take: (call: DataverseCall) => Promise<string>,
): Promise<HttpResponseInit> {
  try {
    const body = await bodyOf(request);
    const code = request.query.get('code');
    const message = await take({ header: (name) => request.headers.get(name), code, body });
    return jsonAnswer(200, { message });
  } catch (error) {
    const answer = errorAnswer(error, door, { method: request.method, path: new URL(request.url).pathname });
    if (!hasCode(error, 'WEBHOOK_KEY_INVALID')) return { ...answer, status: 503 };
    // No token helps here.
    return { ...answer, headers: { ...answer.headers, 'WWW-Authenticate': 'Webhook-Key' } };
  }
}

async function bodyOf(request: HttpRequest): Promise<Uint8Array | undefined> {
  const tooLarge = (length: number) =>
    new ServiceError('WEBHOOK_BODY_TOO_LARGE', `Cannot take the call: its body has ${length} bytes.`);
  try {
    return await readBytes(request, largestBodyBytes, tooLarge);
  } catch (error) {
    if (hasCode(error, 'WEBHOOK_BODY_TOO_LARGE')) return undefined;
    throw error;
  }
}
