import { readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import type * as functionsCore from '../../local/host/functions-core.ts';
import type * as hostSettingsModule from '../../local/host/host-settings.ts';
import type * as hostModule from '../../local/host/start-host.ts';
import {
  apiApplicationId,
  apiApplicationUri,
  clients,
  contosoTenantId,
  users,
} from '../../local/sign-ins.ts';
import { tokenVerifier } from '../../shared/adapters/entra/token-verifier.ts';
import { apiOperations } from '../../shared/api/operations.ts';
import type { Door } from '../../shared/edge/door.ts';
import { description, organization, type Stub, stubPorts } from '../unit/api/stub-ports.ts';
import { parseLikeAdal } from '../unit/edge/challenge-parsers.ts';

/** The deployed trigger files run in the local host, over HTTP and with real tokens; only what is behind the ports is a stub. */
const stubbed = vi.hoisted(() => ({ service: undefined as unknown }));
vi.mock('../../shared/service.ts', () => ({ service: () => stubbed.service }));

const folder = fileURLToPath(new URL('../../functions/', import.meta.url));
const triggers = readdirSync(folder).filter((name) => name.startsWith('http-'));
const base = '/crm/exporter';
let entra: Entra;
let host: hostModule.Host;
let door: Door;
let stub: Stub;
const tokens = new Map<string, string>();

async function signIn(name: string, form: Record<string, string>): Promise<void> {
  const response = await fetch(
    `${entra.url}/${name === 'outsider' ? 'common' : contosoTenantId}/oauth2/v2.0/token`,
    {
      method: 'POST',
      body: new URLSearchParams({ scope: `${apiApplicationUri}/.default`, ...form }),
    },
  );
  tokens.set(name, ((await response.json()) as { access_token: string }).access_token);
}

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  for (const [name, { name: username, password }] of Object.entries(users))
    await signIn(name, { grant_type: 'password', client_id: apiApplicationId, username, password });
  for (const [name, { clientId, secret }] of Object.entries(clients))
    await signIn(name, { grant_type: 'client_credentials', client_id: clientId, client_secret: secret });
  door = {
    verifier: tokenVerifier({
      entraUrl: entra.url,
      tenantId: contosoTenantId,
      applicationId: apiApplicationId,
      applicationUri: apiApplicationUri,
    }),
    authorizationUri: `${entra.url}/${contosoTenantId}/oauth2/authorize`,
    resourceId: apiApplicationUri,
    log: { info: () => {}, warn: () => {}, error: () => {} },
  };

  // Loaded by Node itself and not by the test runner, so that the library and the host see the same module.
  const native = createRequire(import.meta.url);
  const core = new URL('../../local/host/functions-core.ts', import.meta.url);
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@azure/functions-core'
        ? { url: core.href, shortCircuit: true }
        : next(specifier, context),
  });
  const { registered } = native(fileURLToPath(core)) as typeof functionsCore;
  for (const name of triggers) await import(`../../functions/${name.slice(0, -3)}.ts`);
  const { startHost } = native(fileURLToPath(new URL('./start-host.ts', core))) as typeof hostModule;
  const { readHostSettings } = native(
    fileURLToPath(new URL('./host-settings.ts', core)),
  ) as typeof hostSettingsModule;
  host = await startHost({
    port: 0,
    functions: registered,
    settings: readHostSettings(fileURLToPath(new URL('../../host.json', import.meta.url))),
    environment: {},
    queueLeaseSeconds: 10,
  });
});
afterAll(async () => {
  await host?.close();
  await entra?.close();
});
beforeEach(() => {
  stub = stubPorts();
  stubbed.service = { door, api: apiOperations(stub.ports) };
});

interface Sent {
  readonly as?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Over a bare socket client, which adds no header of its own. */
function send(method: string, path: string, { as = 'admin', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: string[]; text: string }>((resolve, reject) => {
    const token = tokens.get(as);
    const all = { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...headers };
    const sent = httpRequest(`${host.url}${path}`, { method, headers: all }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.rawHeaders, text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

const json = { 'Content-Type': 'application/json; charset=utf-8' };
const createdId = async () => {
  const { text } = await send('POST', `${base}/profiles`, {
    headers: json,
    body: JSON.stringify(description),
  });
  return String(JSON.parse(text).Id);
};

describe('the API over HTTP', () => {
  test('the way of an old client: challenge, organizations, discover, validate, create, activate, poll, failures, delete', async () => {
    const challenge = await send('GET', `${base}/aad/challenge`, { as: 'nobody' });
    expect(challenge.status).toBe(401);
    const header =
      challenge.headers[challenge.headers.findIndex((name) => /^www-authenticate$/i.test(name)) + 1];
    expect(parseLikeAdal(header ?? '').resource_id).toBe(apiApplicationUri);

    const [found] = JSON.parse((await send('GET', `${base}/metadata/organizations`)).text);
    const discovered = await send(
      'GET',
      `${base}/metadata/discover?organizationUrl=${found.OrganizationUrl}`,
    );
    const { ConnectorUrl } = JSON.parse(discovered.text);
    expect(ConnectorUrl).toBe(host.url);
    const entities = JSON.parse(
      (await send('GET', `${base}/metadata/entities?organizationurl=${organization.url}`)).text,
    );
    expect(entities).toContainEqual({ DisplayName: 'ACCOUNT', LogicalName: 'account' });

    const body = JSON.stringify(description);
    const validated = await send('POST', `${base}/profiles/validate`, { headers: json, body });
    expect([validated.status, typeof JSON.parse(validated.text)]).toEqual([200, 'string']);
    const id = await createdId();
    const activated = await send('POST', `${base}/profiles/${id}/activate`, {
      headers: { ...json, 'Content-Length': '0' },
    });
    expect([activated.status, JSON.parse(activated.text)]).toMatchObject([200, { Id: id, State: 1 }]);
    const polled = JSON.parse((await send('GET', `${base}/profiles/${id}?status=true`)).text);
    expect(polled.Entities[0].Status.InitialSyncState).toBe('NotStarted');
    const list = await send(
      'GET',
      `${base}/profiles?organizationId=${organization.id}&organizationUrl=ignored&status=true`,
    );
    expect(JSON.parse(list.text)).toEqual([polled]);
    expect(JSON.parse((await send('GET', `${base}/profiles/${id}/test`)).text)).toContain('passed');
    expect(JSON.parse((await send('GET', `${base}/profiles/${id}/failures`)).text)).toHaveProperty(
      'FailureBlobUri',
    );
    expect((await send('POST', `${base}/profiles/${id}/deactivate`)).status).toBe(200);
    expect(await send('DELETE', `${base}/profiles/${id}`)).toMatchObject({ status: 200, text: '' });
    expect((await send('GET', `${base}/profiles/${id}`)).status).toBe(404);
  });

  test.each([
    ['no content type and length 0', { 'Content-Length': '0' }],
    ['JSON and length 0', { ...json, 'Content-Length': '0' }],
    ['JSON, chunked and empty', { ...json, 'Transfer-Encoding': 'chunked' }],
    ['text and length 0', { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '0' }],
  ])('activate without a body works: %s', async (_, headers) => {
    const id = await createdId();
    expect(await send('POST', `${base}/profiles/${id}/activate`, { headers })).toMatchObject({ status: 200 });
  });

  test('routes in any case, values escaped or not, and a form content type on GET', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const url = organization.url;
    for (const value of [
      url,
      encodeURIComponent(url),
      url.slice(0, -1),
      new URLSearchParams({ url }).toString().slice(4),
    ])
      for (const path of [`${base}/metadata/discover`, '/CRM/Exporter/Metadata/Discover'])
        expect((await send('GET', `${path}?ORGANIZATIONURL=${value}`, { headers: form })).status).toBe(200);
  });

  test('who has no token, a broken one, or one of another tenant gets the challenge', async () => {
    const [start] = (tokens.get('admin') ?? '').split('.');
    for (const sent of [
      { as: 'nobody' },
      { as: 'outsider' },
      { as: 'nobody', headers: { Authorization: `Bearer ${start}.e30.x` } },
    ]) {
      const { status, headers, text } = await send(
        'GET',
        `${base}/profiles?organizationId=${organization.id}`,
        sent,
      );
      expect(status).toBe(401);
      expect(headers.filter((name) => /^www-authenticate$/i.test(name))).toHaveLength(1);
      expect(JSON.parse(text).ErrorCode).toMatch(/^REQUEST_TOKEN_/);
    }
  });

  test('who is no administrator gets 403 with the words that clients look for', async () => {
    const path = `${base}/metadata/discover?organizationUrl=${organization.url}`;
    for (const as of ['reader', 'ticketing']) {
      const { status, text } = await send('GET', path, { as });
      expect(status).toBe(403);
      expect(text.toLowerCase()).toContain('failed authorization');
    }
    expect((await send('GET', path, { as: 'deploying' })).status).toBe(200);
    expect(
      (await send('GET', `${base}/profiles?organizationId=${organization.id}`, { as: 'ticketing' })).status,
    ).toBe(200);
  });

  test('errors are JSON objects with a declared status', async () => {
    for (const [method, path, status, body] of [
      ['POST', '/profiles', 400, '{'],
      ['POST', '/profiles', 400, ''],
      ['POST', '/profiles', 400, '{"Name":7}'],
      ['POST', '/profiles/validate', 400, '[]'],
      ['GET', '/profiles', 400, undefined],
      ['GET', '/profiles/validate', 404, undefined],
      ['GET', '/profiles/not%20a%2Fguid', 404, undefined],
      ['DELETE', '/profiles/00000000-0000-4000-8000-000000000000', 404, undefined],
      ['GET', '/metadata/entities?organizationUrl=https://elsewhere.example', 400, undefined],
    ] as const) {
      const answered = await send(method, base + path, {
        headers: json,
        ...(body === undefined ? {} : { body }),
      });
      expect([answered.status, path]).toEqual([status, path]);
      expect(JSON.parse(answered.text)).toMatchObject({
        CorrelationId: expect.any(String),
        Message: expect.any(String),
      });
    }
  });

  test('a defect is 500 without a trace', async () => {
    stub.ports.organizations.all = async () => {
      throw new TypeError('x is not a function');
    };
    const { status, text } = await send('GET', `${base}/metadata/organizations`);
    expect(status).toBe(500);
    expect(Object.keys(JSON.parse(text)).sort()).toEqual([
      'CorrelationId',
      'Details',
      'ErrorCode',
      'Message',
      'Parameters',
    ]);
    expect(text).not.toMatch(/TypeError|\.ts|x is not/);
  });

  test('health is public', async () => {
    expect(await send('GET', '/health', { as: 'nobody' })).toMatchObject({ status: 200, text: 'healthy' });
  });
});
