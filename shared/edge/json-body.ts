import type { HttpRequest } from '@azure/functions';
import { ServiceError } from '../errors.ts';

/** A profile of all tables of a large organization is a tenth of this. */
const largestBodyBytes = 1_048_576;

function invalid(what: string): ServiceError {
  return new ServiceError('REQUEST_INVALID', `Cannot read the body of the request: ${what}.`);
}

/**
 * The body as JSON, whatever its content type says (old clients send several); undefined when it is empty.
 * A byte order mark is accepted. `REQUEST_INVALID` otherwise; what the body holds is never repeated.
 */
export async function readJsonBody(request: HttpRequest): Promise<unknown> {
  const tooLarge = (length: number) => invalid(`it has ${length} bytes; allowed are ${largestBodyBytes}`);
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > largestBodyBytes) throw tooLarge(announced);
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > largestBodyBytes) throw tooLarge(bytes.byteLength);
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
