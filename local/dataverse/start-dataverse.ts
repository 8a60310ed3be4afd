import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Answer } from './api-request.ts';
import { type Caller, type Claims, findCaller } from './callers.ts';
import { DataverseError, unknownSegment } from './errors.ts';
import { parsePrefer } from './odata/prefer.ts';
import { contoso, type Organization } from './organization.ts';
import { primaryNames } from './rows/primary-names.ts';
import { fillOrganization } from './samples/fill-organization.ts';
import { contosoPeople, type Member } from './samples/members.ts';
import { schema } from './schema/schema.ts';
import { control } from './simulator/control.ts';
import { faultAnswer } from './simulator/fault-answer.ts';
import type { Fault } from './simulator/faults.ts';
import { defaultSwitches } from './simulator/switches.ts';
import { webhooks } from './simulator/webhooks.ts';
import { rowStore } from './store/row-store.ts';
import { tokenCheck } from './token-check.ts';
import { answerWebApi } from './web-api.ts';

export type DataverseOptions = {
  port: number;
  file: string;
  entraUrl: string;
  tenantId: string;
  managedIdentityClientId: string;
  /** Sample rows in all, made when the file is new. */
  rows?: number;
  /** Another organization than Contoso, and who is in it besides the app's own identity. */
  organization?: { id: string; name: string; people: readonly Member[] };
};
export type RunningDataverse = { url: string; close(): Promise<void> };

const largestBody = 16 * 1024 * 1024;

/** Starts the simulated organization on the loopback address; port 0 takes any free one. Rejects if the port is taken. */
export async function startDataverse(options: DataverseOptions): Promise<RunningDataverse> {
  let listener: (request: IncomingMessage, response: ServerResponse) => Promise<void> = async () => {};
  // Long lists of columns and ids make long addresses: the real service takes 32 KB.
  const server = createServer({ maxHeaderSize: 65_536, keepAliveTimeout: 120_000 }, (request, response) => {
    listener(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`Cannot start the simulated organization on port ${options.port}: ${cause.message}.`)),
    );
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tables = schema();
  const store = rowStore(options.file);
  const { id, name, people } = options.organization ?? {
    id: contoso.organizationId,
    name: contoso.friendlyName,
    people: contosoPeople,
  };
  const organization: Organization = {
    url,
    id,
    name,
    tenantId: options.tenantId,
    schema: tables,
    store,
    names: primaryNames(tables, store),
    switches: defaultSwitches(),
    webhooks: webhooks({ store }),
  };
  const simulator = control(organization);
  simulator.restore();
  fillOrganization(organization, options.rows ?? 20_000, options.managedIdentityClientId, people);
  listener = requestListener(organization, simulator, options);
  return {
    url,
    async close() {
      simulator.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      store.close();
    },
  };
}

function requestListener(
  organization: Organization,
  simulator: ReturnType<typeof control>,
  options: DataverseOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { url, switches } = organization;
  const checkToken = tokenCheck(url, options.entraUrl, options.tenantId);
  const callers = callerCache(organization);
  const { limits, planned, counts } = simulator;

  return async (request, response) => {
    const address = request.url ?? '/';
    const method = request.method ?? 'GET';
    const { pathname, searchParams } = new URL(address, url);
    const body = await readBody(request);
    if (pathname === '/simulator' || pathname.startsWith('/simulator/'))
      return send(response, await simulator.answer(method, pathname, body), undefined, false);
    counts.count(method, pathname);
    let fault: Fault | undefined;
    let answer: Answer;
    let leave: (() => void) | undefined;
    let limitHeaders: Record<string, string> = {};
    try {
      fault = planned.take(method, decodeURIComponent(address));
      if (fault?.kind === 'slow') await wait(fault.milliseconds ?? 1000);
      const failed = fault && faultAnswer(fault, switches);
      const claims =
        failed?.status === 401
          ? await checkToken(undefined)
          : await checkToken(request.headers.authorization);
      const user = String(claims.oid ?? claims.appid);
      leave = limits.enter(user);
      limitHeaders = limits.headers(user);
      const [, version, path] = /^\/api\/data\/(v9\.[012])\/(.*)$/s.exec(decodeURIComponent(pathname)) ?? [];
      if (version === undefined || path === undefined) throw unknownSegment(pathname);
      answer =
        failed ??
        answerWebApi(organization, {
          method,
          path,
          query: searchParams,
          root: `${url}/api/data/${version}`,
          headers: request.headers,
          prefer: parsePrefer(request.headers.prefer as string | undefined),
          body,
          caller: callers(claims),
        });
    } catch (error) {
      answer = errorAnswer(error, switches.olderErrorCodeEmpty);
    }
    answer.headers = {
      ...limitHeaders,
      REQ_ID: randomUUID(),
      'x-ms-dop-hint': String(switches.dopHint),
      ...answer.headers,
    };
    const isGzip = switches.gzip && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    response.once('close', () => leave?.());
    send(response, answer, fault, isGzip);
  };
}

/** Callers by identity, found again after any write, for a role may have changed. */
function callerCache(organization: Organization): (claims: Claims) => Caller {
  const known = new Map<string, { version: number; caller: Caller }>();
  return (claims) => {
    const key = `${claims.oid} ${claims.appid ?? claims.azp}`;
    const version = organization.store.currentVersion();
    const found = known.get(key);
    if (found?.version === version) return found.caller;
    const caller = findCaller(organization, claims);
    known.set(key, { version, caller });
    return caller;
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > largestBody) throw new Error('The request body is too large.');
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString();
}

function errorAnswer(error: unknown, isCodeEmpty: boolean): Answer {
  if (!(error instanceof DataverseError)) {
    console.error(error);
    return {
      status: 500,
      body: JSON.stringify({ error: { code: '0x80040216', message: 'An unexpected error occurred.' } }),
    };
  }
  if (error.status === 401) return { status: 401, headers: error.headers, body: '' };
  const code = isCodeEmpty ? '' : error.code;
  return {
    status: error.status,
    headers: error.headers,
    body: JSON.stringify({ error: { code, message: error.message } }),
  };
}

function send(response: ServerResponse, answer: Answer, fault: Fault | undefined, isGzip: boolean): void {
  response.statusCode = answer.status;
  response.setHeader('OData-Version', '4.0');
  response.setHeader('Cache-Control', 'no-cache');
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if (answer.body === undefined || answer.status === 204 || answer.status === 304) {
    response.end();
    return;
  }
  const plain = typeof answer.body === 'string' ? [Buffer.from(answer.body)] : answer.body;
  const body = isGzip ? [gzipSync(Buffer.concat(plain), { level: 1 })] : plain;
  if (isGzip) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader(
    'Content-Type',
    answer.contentType ??
      'application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8',
  );
  const length = body.reduce((sum, part) => sum + part.length, 0);
  response.setHeader('Content-Length', length);
  if (fault?.kind === 'reset') {
    const half = Buffer.concat(body).subarray(0, length >> 1);
    response.write(half, () => response.socket?.resetAndDestroy());
    return;
  }
  for (const part of body) response.write(part);
  response.end();
}
