/**
 * With HTTP streams a caller can put a member `Headers` of the body in the place of the request's headers. The library gives
 * it to `Request`, which throws at what can be no headers, and then nobody answers: the host would keep the request for four
 * minutes, and a hundred such requests of anybody could be all that an instance takes. So for the whole process headers that
 * are none are left out: such a request carries no token, and is answered. To be called before the first request.
 */
export function takeAnyHeaders(): void {
  const Known = globalThis.Request;
  globalThis.Request = class Request extends Known {
    constructor(...[input, init]: ConstructorParameters<typeof Known>) {
      super(input, areHeaders(init?.headers) ? init : { ...init, headers: {} });
    }
  };
}

function areHeaders(headers: RequestInit['headers']): boolean {
  try {
    return new Headers(headers) !== undefined;
  } catch {
    return false;
  }
}
