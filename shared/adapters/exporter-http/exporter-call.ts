import { ServiceError } from '../../errors.ts';
import { unreadable } from './read-profiles.ts';

const greatestAnswer = 64 * 1024 * 1024;

/** What the call resolves to; a connection that fails or is too late is `EXPORTER_UNREACHABLE`. `what` completes "Cannot read ... of the exporter". */
export async function reach<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const why = isLate ? 'it did not answer in time' : 'the connection failed';
    throw new ServiceError('EXPORTER_UNREACHABLE', `Cannot read ${what} of the exporter: ${why}.`, {
      cause: error,
    });
  }
}

/** The text of an answer, of bounded length. */
export async function readText(response: Response, what: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const bytes of response.body ?? []) {
    length += bytes.length;
    if (length > greatestAnswer) throw unreadable(what, 'the answer is longer than 64 MB');
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}

/** The error of a status that was not expected. */
export function refused(what: string, status: number): ServiceError {
  const isOfOurs = status >= 400 && status < 500 && status !== 408 && status !== 429;
  const code = isOfOurs
    ? 'EXPORTER_REFUSED'
    : status < 400
      ? 'EXPORTER_ANSWER_UNREADABLE'
      : 'EXPORTER_UNREACHABLE';
  return new ServiceError(code, `Cannot read ${what} of the exporter: it answered ${status}; expected 200.`);
}
