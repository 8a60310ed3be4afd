import { ServiceError } from './errors.ts';

/** What a call over HTTP resolves to; a connection that fails, or is too late, is the error that `unreachable` makes of why. */
export async function reach<T>(
  call: () => Promise<T>,
  unreachable: (why: string, cause: unknown) => ServiceError,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    throw unreachable(isLate ? 'it did not answer in time' : 'the connection failed', error);
  }
}

/** The text of an answer, of which no more than `mostBytes` are read; a longer one is the error of `tooLong`. */
export async function readText(
  response: Response,
  mostBytes: number,
  tooLong: () => ServiceError,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const bytes of response.body ?? []) {
    length += bytes.length;
    if (length > mostBytes) throw tooLong();
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}
