import type { IncomingMessage, ServerResponse } from 'node:http';
import { isSignedBy, readSignedCall, toleranceSeconds } from '../../shared/model/webhook-signature.ts';
import {
  answerJson,
  closeServer,
  createLoopbackServer,
  listenOnLoopback,
  readBody,
} from '../loopback-server.ts';
import { jiraApi, jiraLogin } from './jira-api.ts';
import { plainReceiver } from './plain-receiver.ts';
import { webhookSecrets } from './send-webhook.ts';
import { serviceNowApi, serviceNowLogin } from './service-now-api.ts';
import { type Fault, simulatorCalls } from './simulator-calls.ts';
import type { Answer, TicketApiRequest } from './ticket-api.ts';
import { openTicketStore } from './ticket-store.ts';

export type TicketsOptions = {
  readonly port: number;
  /** Keeps the tickets between starts. */
  readonly file?: string;
  /** Where webhooks are sent. */
  readonly appUrl?: string;
};

export type Tickets = { readonly url: string; close(): Promise<void> };

const slowMilliseconds = 60_000;

/**
 * A ticketing system that speaks the wire forms of ServiceNow's Table API, of Jira Service Management, and our plain form,
 * each with its login or signature; and `/simulator`, to look inside, to make it fail, and to have tickets resolved.
 */
export async function startTickets({ port, file, appUrl }: TicketsOptions): Promise<Tickets> {
  const store = openTicketStore(file);
  const simulator = simulatorCalls(store, appUrl);
  const systems = [
    serviceNowApi(store),
    jiraApi(store, () => simulator.switches.jiraIndexSeconds),
    plainReceiver(store),
  ];

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    const text = await readBody(request);
    const call: TicketApiRequest = { method: request.method ?? '', path, query, body: bodyOf(text) };
    const control = await simulator.answer(call);
    if (control) return send(response, control);
    if (!isLetIn(path, request, text))
      return send(response, { status: 401, body: { error: 'Not logged in.' } });
    const fault = simulator.takeFault(call);
    if (fault && fault.kind !== 'lost') return failAs(fault, response);
    const answers = systems.map((system) => system(call));
    if (fault) return void response.destroy();
    send(
      response,
      answers.find((one) => one !== undefined) ?? { status: 404, body: { error: 'Not found.' } },
    );
  };
  const server = createLoopbackServer(answer);
  const url = `http://127.0.0.1:${await listenOnLoopback(server, port)}`;
  return { url, close: () => closeServer(server) };
}

function isLetIn(path: string, { headers }: IncomingMessage, text: string): boolean {
  const login = path.startsWith('/api/now/')
    ? serviceNowLogin
    : path.startsWith('/rest/')
      ? jiraLogin
      : undefined;
  if (login !== undefined) return headers.authorization === `Basic ${Buffer.from(login).toString('base64')}`;
  const signed = readSignedCall((name) => headers[name]?.toString() ?? null, Buffer.from(text));
  const isNow = signed && Math.abs(Date.now() - signed.signedAt) <= toleranceSeconds * 1000;
  return Boolean(isNow && isSignedBy([webhookSecrets.json], signed));
}

function bodyOf(text: string): TicketApiRequest['body'] {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as TicketApiRequest['body']) : {};
  } catch {
    return {};
  }
}

function failAs({ kind }: Fault, response: ServerResponse): void {
  if (kind === 'reset') response.destroy();
  else if (kind === 'slow')
    setTimeout(() => send(response, { status: 200, body: {} }), slowMilliseconds).unref();
  else if (kind === 'redirect') send(response, { status: 302, headers: { location: 'http://127.0.0.1:9/' } });
  else if (kind === 'html')
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Maintenance</html>');
  else
    send(response, { status: Number(kind), body: {}, headers: kind === '429' ? { 'retry-after': '7' } : {} });
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  if (body === undefined) response.writeHead(status, headers).end();
  else answerJson(response, status, body, { ...headers });
}
