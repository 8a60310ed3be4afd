import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { pipeline } from 'node:stream/promises';
import { httpBindingData } from './http-binding-data.ts';
import {
  type HttpCall,
  type InvokeHttp,
  joinedHeaders,
  readAnnouncedBody,
  spelledHeader,
} from './http-trigger.ts';
import { decodedSegment } from './routes.ts';

/** Of one connection only, or set anew; the proxy of the real host (YARP) leaves them out both ways. */
const droppedHeaders = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade', 'upgrade-insecure-requests'],
  ...['proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'alt-svc', 'host', 'forwarded'],
]);
const invocationIdHeader = 'x-ms-invocation-id';

/**
 * Calls functions of an app with HTTP streams: the request is forwarded to the server that the library has opened at
 * `workerPort`, the invocation goes beside it with only what binds it to its route, and the answer comes by the stream.
 * As with .NET's client, nobody looks for the answer before the whole body is sent.
 * When the function throws there is no answer, and the real host waits four minutes for it; here it is a 500 at once.
 */
export function streamedHttp(invoke: InvokeHttp, workerPort: number, largestBodyBytes: number) {
  const agent = new Agent({ keepAlive: true });
  return async ({ request, response, url, target, params }: HttpCall): Promise<void> => {
    const body = await readAnnouncedBody(request, largestBodyBytes);
    const invocationId = randomUUID();
    const forwarded = httpRequest({
      host: '127.0.0.1',
      port: workerPort,
      agent,
      method: request.method,
      path: forwardedPath(url),
      headers: forwardedHeaders(request, url, invocationId),
    });
    // Whoever waits for it hears of an error; one that comes later is of no interest.
    forwarded.on('error', () => {});
    response.once('close', () => response.writableFinished || forwarded.destroy());
    const triggerMetadata = httpBindingData(body, url, params, joinedHeaders(request));
    const [answer, invocation] = await Promise.allSettled([
      forward(forwarded, body.length > 0 ? [body] : limited(request, largestBodyBytes), response),
      invoke(target, { invocationId, input: { http: {} }, triggerMetadata }).catch((error: unknown) => {
        forwarded.destroy();
        throw error;
      }),
    ]);
    if (invocation.status === 'rejected') throw invocation.reason;
    if (answer.status === 'rejected') throw answer.reason;
  };
}

async function forward(
  forwarded: ClientRequest,
  body: Iterable<Buffer> | AsyncIterable<Buffer>,
  response: ServerResponse,
): Promise<void> {
  const answered = once(forwarded, 'response') as Promise<[IncomingMessage]>;
  const [[answer]] = await Promise.all([
    answered,
    send(forwarded, body).catch((error: unknown) => {
      forwarded.destroy();
      throw error;
    }),
  ]);
  response.statusCode = answer.statusCode ?? 500;
  for (const [name, value] of Object.entries(answer.headers))
    if (!droppedHeaders.has(name) && value !== undefined) response.setHeader(spelledHeader(name), value);
  await pipeline(answer, response);
}

async function send(forwarded: ClientRequest, body: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
  const closed = new Promise<never>((_, reject) => {
    forwarded.once('close', () => reject(new Error('the function takes no more of the body')));
  });
  closed.catch(() => {});
  forwarded.flushHeaders();
  for await (const part of body) {
    // Not by "drain": Node does not say it any more once the answer has come.
    const written = new Promise<void>((resolve, reject) => {
      forwarded.write(part, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([written, closed]);
  }
  forwarded.end();
}

/** A body whose length is not announced, as it comes; rejects at the limit. */
async function* limited(request: IncomingMessage, largestBodyBytes: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    length += part.length;
    if (length > largestBodyBytes) throw new Error(`a body of more than ${largestBodyBytes} bytes`);
    yield part;
  }
}

function forwardedHeaders(request: IncomingMessage, url: URL, invocationId: string) {
  const kept = Object.entries(request.headersDistinct).filter(([name]) => !droppedHeaders.has(name));
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  return {
    ...Object.fromEntries(kept),
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : {}),
    'x-forwarded-for': request.socket.remoteAddress ?? '',
    'x-forwarded-host': url.host,
    'x-forwarded-proto': url.protocol.slice(0, -1),
    [invocationIdHeader]: invocationId,
  };
}

/** Decoded and encoded again on the way, so that only what cannot stand in a path is escaped, a percent sign included. */
function forwardedPath({ pathname, search }: URL): string {
  const decoded = pathname.split('/').map(decodedSegment).join('/');
  return `${decoded.replace(/[^!$&'()*+,\-./0-9:;=@A-Z_a-z~]+/g, encodeURIComponent)}${search}`;
}
