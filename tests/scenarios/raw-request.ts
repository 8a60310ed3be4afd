import { type Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names as they were spelled, with their values. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  /** The body as it came, compressed or not. */
  readonly bytes: Buffer;
}

/** What a request has beside its method and path. */
export interface RawParts {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** To keep connections open over several requests; of the scheme of the origin. */
  readonly agent?: Agent;
}

/** Sends exactly these headers, and the path as it is given, escaped or not: `fetch` would repair both. */
export function rawRequest(
  origin: string,
  method: string,
  path: string,
  { headers = {}, body, agent }: RawParts = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(origin);
    const request = protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = request({ hostname, port, method, path, headers, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      response.on('end', () => {
        const { rawHeaders, statusCode = 0 } = response;
        const pairs = rawHeaders.flatMap((name, index) =>
          index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
        );
        const bytes = Buffer.concat(parts);
        resolve({ status: statusCode, headers: pairs, text: bytes.toString(), bytes });
      });
    });
    sent.on('error', reject).end(body);
  });
}

/** The values of a header in any spelling of its name. */
export function headerValues({ headers }: RawAnswer, name: string): readonly string[] {
  return headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}
