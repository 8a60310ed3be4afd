/** Calls JSON services: a token is asked for at each call, and an answer that is no 2xx becomes an error. */
export type JsonClient = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
) => Promise<unknown>;

export function jsonClient(options: {
  readonly url: string;
  readonly token?: () => Promise<string>;
  readonly signal: AbortSignal;
}): JsonClient {
  return async (method, path, { body, headers } = {}) => {
    const address = `${options.url}${path}`;
    const response = await fetch(address, {
      method,
      headers: {
        ...(options.token && { authorization: `Bearer ${await options.token()}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(60_000)]),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`Cannot ${method} ${address}: it answered ${response.status}. ${messageOf(text)}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** The message in an error of the app, of Dataverse, of its simulator or of the sign-in. */
function messageOf(text: string): string {
  try {
    const { Message, error, error_description } = JSON.parse(text);
    return String(Message ?? error_description ?? error?.message ?? error ?? text);
  } catch {
    return text.slice(0, 300);
  }
}
