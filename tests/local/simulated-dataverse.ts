import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { startDataverse } from '../../local/dataverse/start-dataverse.ts';

export const tenantId = '11111111-1111-4111-8111-111111111111';
export const managedIdentityClientId = '66666666-6666-4666-8666-666666666666';

export type Json = Record<string, unknown>;
export type Row = Json & { '@odata.etag': string };
export type Page = { status: number; text: string; body: Json & { value: Row[] }; headers: Headers };
export type Calling = {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  prefer?: string;
  as?: 'admin' | 'reader' | 'identity' | 'nobody';
};
export type SimulatedDataverse = Awaited<ReturnType<typeof simulatedDataverse>>;

/** A simulated organization with sign-in keys of its own, for tests: over real HTTP, in a folder that `close` removes. */
export async function simulatedDataverse(rows: number) {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'RS256', use: 'sig' };
  const keys = createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const entraUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'dataverse-'));
  const start = (port: number) =>
    startDataverse({
      port,
      file: join(folder, 'organization.db'),
      entraUrl,
      tenantId,
      managedIdentityClientId,
      rows,
    });
  let running = await start(0);
  const { url } = running;

  const claims = {
    admin: { oid: 'aaaaaaaa-0000-4000-8000-000000000001' },
    reader: { oid: 'aaaaaaaa-0000-4000-8000-000000000002' },
    identity: { oid: 'aaaaaaaa-0000-4000-8000-000000000003', appid: managedIdentityClientId },
    nobody: { oid: 'aaaaaaaa-0000-4000-8000-00000000ffff' },
  };

  function token(changed: Json = claims.identity): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const usual = { tid: tenantId, iss: `${entraUrl}/${tenantId}/`, aud: url, iat: now, exp: now + 3600 };
    return new SignJWT({ ...usual, ...changed })
      .setProtectedHeader({ alg: 'RS256', kid: 'test' })
      .sign(privateKey);
  }

  async function raw(address: string, calling: Calling = {}): Promise<Response> {
    const authorization = `Bearer ${await token(claims[calling.as ?? 'identity'])}`;
    const full = address.startsWith('http') ? address : `${url}/api/data/v9.2/${address}`;
    return fetch(full, {
      method: calling.method ?? 'GET',
      headers: {
        authorization,
        ...(calling.prefer === undefined ? {} : { prefer: calling.prefer }),
        ...(calling.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...calling.headers,
      },
      ...(calling.body === undefined
        ? {}
        : { body: typeof calling.body === 'string' ? calling.body : JSON.stringify(calling.body) }),
    });
  }

  async function call(address: string, calling: Calling = {}): Promise<Page> {
    const response = await raw(address, calling);
    const text = await response.text();
    const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Page['body'];
    return { status: response.status, text, body, headers: response.headers };
  }

  /** Reads all pages; the result's `deltaLink` is the last page's. */
  async function drain(
    address: string,
    prefer: string,
  ): Promise<{ rows: Row[]; deltaLink: string; pages: number }> {
    const rows: Row[] = [];
    let pages = 0;
    for (let next = address; ; ) {
      const { body, status, text } = await call(next, { prefer });
      if (status !== 200) throw new Error(`${status} ${text}`);
      rows.push(...body.value);
      pages++;
      if (body['@odata.nextLink'] === undefined)
        return { rows, pages, deltaLink: String(body['@odata.deltaLink']) };
      next = String(body['@odata.nextLink']);
    }
  }

  async function simulator(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Json }> {
    const response = await fetch(`${url}/simulator${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  }

  return {
    url,
    entraUrl,
    folder,
    token,
    raw,
    call,
    drain,
    simulator,
    switches: (wanted: Json) => simulator('PATCH', '/switches', wanted),
    async restart() {
      await running.close();
      running = await start(Number(new URL(url).port));
      // Lets the client notice that its pooled connections are gone.
      await setTimeout(100);
    },
    async close() {
      await running.close();
      await new Promise((resolve) => keys.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function errorOf(page: Page): { code: string; message: string } {
  return page.body.error as { code: string; message: string };
}
