import type { HttpRequest } from '@azure/functions';
import { ServiceError } from '../errors.ts';

/** A profile of all tables of a large organization is a tenth of this. */
const largestJsonBytes = 1_048_576;

function invalid(what: string): ServiceError {
  return new ServiceError('REQUEST_INVALID', `Cannot read the body of the request: ${what}.`);
}

/**
 * The bytes of the body, of which no more than the limit are kept. One that turns out to be larger is still read to its
 * end, because the host looks for an answer only when it has sent all; then the error of its length is thrown.
 */
export async function readBytes(
  request: Pick<HttpRequest, 'headers' | 'body'>,
  largestBodyBytes = largestJsonBytes,
  tooLarge = (length: number) => invalid(`it has ${length} bytes; allowed are ${largestBodyBytes}`),
): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > largestBodyBytes) throw tooLarge(announced);
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of request.body ?? []) {
      length += part.byteLength;
      if (length > largestBodyBytes) parts.length = 0;
      else parts.push(part);
    }
  } catch {
    throw invalid('it broke off before its end');
  }
  if (length > largestBodyBytes) throw tooLarge(length);
  return Buffer.concat(parts);
}

/**
 * The body as JSON, whatever its content type says (old clients send several); undefined when it is empty.
 * A byte order mark is accepted. `REQUEST_INVALID` otherwise; what the body holds is never repeated.
 */
export async function readJsonBody(request: HttpRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('it is not UTF-8 text; expected JSON in UTF-8');
  }
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    throw invalid(
      `it is not JSON${position === undefined ? '' : `, from character ${position}`}; expected a JSON object`,
    );
  }
}
