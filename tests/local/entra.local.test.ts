import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagedIdentityCredential } from '@azure/identity';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import {
  apiApplicationId,
  apiApplicationUri,
  clients,
  contosoTenantId,
  fabrikamTenantId,
  managedIdentity,
  users,
} from '../../local/sign-ins.ts';

const folder = mkdtempSync(join(tmpdir(), 'entra-'));
const keysFile = join(folder, 'keys.json');
let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, keysFile });
});
afterAll(async () => {
  await entra.close();
  rmSync(folder, { recursive: true });
});

async function post(path: string, form: Record<string, string>) {
  const response = await fetch(`${entra.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

function userForm(user: { name: string; password: string }, more: Record<string, string>) {
  return { grant_type: 'password', client_id: 'any', username: user.name, password: user.password, ...more };
}

async function crafted(body: object): Promise<string> {
  const response = await fetch(`${entra.url}/simulator/token`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

function keySet(tenantId: string) {
  return createRemoteJWKSet(new URL(`${entra.url}/${tenantId}/discovery/v2.0/keys`));
}

describe('the token endpoints', () => {
  test('a user signs in at the tenant and gets a version 2 token for the app', async () => {
    const form = userForm(users.admin, { scope: `openid ${apiApplicationUri}/.default` });
    const { body } = await post(`/${contosoTenantId}/oauth2/v2.0/token`, form);
    const { payload } = await jwtVerify(body.access_token as string, keySet(contosoTenantId), {
      issuer: `${entra.url}/${contosoTenantId}/v2.0`,
      audience: apiApplicationId,
      algorithms: ['RS256'],
    });
    expect(payload).toMatchObject({
      ver: '2.0',
      tid: contosoTenantId,
      oid: users.admin.objectId,
      azp: 'any',
      preferred_username: 'admin@contoso.example',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  });

  test('the older endpoint gives a version 1 token with the resource as audience', async () => {
    const form = userForm(users.reader, { resource: 'http://127.0.0.1:7080/' });
    const { body } = await post(`/${contosoTenantId}/oauth2/token`, form);
    const { payload } = await jwtVerify(body.access_token as string, keySet(contosoTenantId), {
      issuer: `${entra.url}/${contosoTenantId}/`,
      audience: 'http://127.0.0.1:7080/',
    });
    expect(payload).toMatchObject({
      ver: '1.0',
      appid: 'any',
      upn: users.reader.name,
      oid: users.reader.objectId,
    });
  });

  test.each([
    ['http://127.0.0.1:7080/.default', 'http://127.0.0.1:7080'],
    ['http://127.0.0.1:7080//.default', 'http://127.0.0.1:7080/'],
    ['https://vault.azure.net/.default', 'https://vault.azure.net'],
    [`${apiApplicationUri}/user_impersonation`, apiApplicationId],
    [`${apiApplicationId}/.default`, apiApplicationId],
  ])('scope %s has audience %s', async (scope, audience) => {
    const { body } = await post('/common/oauth2/v2.0/token', userForm(users.admin, { scope }));
    expect(decodeJwt(body.access_token as string).aud).toBe(audience);
  });

  test('"common" finds the tenant by the domain of the user name, and that tenant signs with its own key', async () => {
    const form = userForm(users.outsider, { scope: `${apiApplicationUri}/.default` });
    const { body } = await post('/common/oauth2/v2.0/token', form);
    const token = body.access_token as string;
    await jwtVerify(token, keySet(fabrikamTenantId), { issuer: `${entra.url}/${fabrikamTenantId}/v2.0` });
    await expect(jwtVerify(token, keySet(contosoTenantId))).rejects.toThrow();
  });

  test.each([
    [clients.ticketing, 'Automation.Operate'],
    [clients.deploying, 'Profiles.Manage'],
  ])('client $secret has its app role for the app and none elsewhere', async (client, role) => {
    const form = {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.secret,
    };
    const path = `/${contosoTenantId}/oauth2/v2.0/token`;
    const forApp = await post(path, { ...form, scope: `${apiApplicationUri}/.default` });
    expect(decodeJwt(forApp.body.access_token as string)).toMatchObject({
      roles: [role],
      azp: client.clientId,
    });
    const elsewhere = await post(path, { ...form, scope: 'http://127.0.0.1:7080/.default' });
    const claims = decodeJwt(elsewhere.body.access_token as string);
    expect(claims).toMatchObject({ appid: client.clientId, oid: client.objectId });
    expect(claims).not.toHaveProperty('roles');
  });

  const ticketing = { grant_type: 'client_credentials', client_id: clients.ticketing.clientId };
  const scope = `${apiApplicationUri}/.default`;
  const contoso = contosoTenantId;
  test.each([
    [
      'a wrong password',
      contoso,
      { ...userForm(users.admin, { scope }), password: 'x' },
      400,
      'invalid_grant',
      50126,
    ],
    [
      'an unknown user',
      contoso,
      { ...userForm(users.admin, { scope }), username: 'x@y' },
      400,
      'invalid_grant',
      50034,
    ],
    ['a user at a foreign tenant', contoso, userForm(users.outsider, { scope }), 400, 'invalid_grant', 50034],
    ['an unknown tenant', 'nowhere', userForm(users.admin, { scope }), 400, 'invalid_request', 90002],
    ['a wrong secret', contoso, { ...ticketing, client_secret: 'x', scope }, 401, 'invalid_client', 7000215],
    ['a missing secret', contoso, { ...ticketing, scope }, 400, 'invalid_request', 900144],
    [
      'a client at common',
      'common',
      { ...ticketing, client_secret: 'ticketing', scope },
      400,
      'invalid_request',
      50059,
    ],
    [
      'an unknown client',
      contoso,
      { ...ticketing, client_id: 'x', client_secret: 'x', scope },
      400,
      'unauthorized_client',
      700016,
    ],
    ['another grant', contoso, { grant_type: 'magic' }, 400, 'unsupported_grant_type', 70003],
    ['no grant', contoso, { scope }, 400, 'invalid_request', 900144],
    ['no scope', contoso, userForm(users.admin, {}), 400, 'invalid_request', 900144],
    [
      'a scope without resource',
      contoso,
      userForm(users.admin, { scope: 'openid' }),
      400,
      'invalid_scope',
      70011,
    ],
  ])('%s is refused in the words of Entra', async (_, tenant, form, status, error, code) => {
    const refused = await post(`/${tenant}/oauth2/v2.0/token`, form);
    expect(refused).toMatchObject({ status, body: { error, error_codes: [code] } });
    expect(refused.body.error_description).toContain(`AADSTS${code}`);
  });
});

test.each([
  ['', '/'],
  ['/v2.0', '/v2.0'],
])('discovery%s names the issuer, the token endpoint and a key set that answers', async (form, suffix) => {
  const address = `${entra.url}/${contosoTenantId}${form}/.well-known/openid-configuration`;
  const document = (await (await fetch(address)).json()) as Record<string, string>;
  expect(document.issuer).toBe(`${entra.url}/${contosoTenantId}${suffix}`);
  expect(document.token_endpoint).toBe(`${entra.url}/${contosoTenantId}/oauth2${form}/token`);
  const keys = (await (await fetch(document.jwks_uri as string)).json()) as { keys: object[] };
  expect(keys.keys[0]).toMatchObject({ kty: 'RSA', use: 'sig' });
  expect(keys.keys[0]).not.toHaveProperty('d');
});

describe('the managed identity', () => {
  const credential = () => {
    process.env.IDENTITY_ENDPOINT = `${entra.url}/msi/token`;
    process.env.IDENTITY_HEADER = managedIdentity.header;
    return new ManagedIdentityCredential({ clientId: managedIdentity.clientId });
  };

  test('gets a token through the credential of the Azure SDK, unchanged', async () => {
    const token = await credential().getToken('http://127.0.0.1:7080/.default');
    const claims = decodeJwt(token.token);
    expect(claims).toMatchObject({
      aud: 'http://127.0.0.1:7080',
      appid: managedIdentity.clientId,
      oid: managedIdentity.objectId,
      iss: `${entra.url}/${contosoTenantId}/`,
    });
    expect(token.expiresOnTimestamp).toBe((claims.exp ?? 0) * 1000);
  });

  test.each([
    ['without the identity header', '?resource=x&api-version=2019-08-01', {}, 401],
    ['without a resource', '?api-version=2019-08-01', { 'x-identity-header': managedIdentity.header }, 400],
    ['of another api-version', '?resource=x', { 'x-identity-header': managedIdentity.header }, 400],
    [
      'for another identity',
      '?resource=x&api-version=2019-08-01&client_id=other',
      { 'x-identity-header': managedIdentity.header },
      400,
    ],
  ])('refuses a request %s', async (_, query, headers, status) => {
    const response = await fetch(`${entra.url}/msi/token${query}`, {
      headers: headers as Record<string, string>,
    });
    expect(response.status).toBe(status);
  });
});

describe('crafted tokens', () => {
  test('carry the usual claims, overridden by those given; null removes one', async () => {
    const token = await crafted({ claims: { aud: 'other', oid: null }, header: { kid: 'foreign' } });
    expect(decodeJwt(token)).toMatchObject({ aud: 'other', tid: contosoTenantId });
    expect(decodeJwt(token)).not.toHaveProperty('oid');
    expect(decodeProtectedHeader(token).kid).toBe('foreign');
  });

  test('without overrides they are valid', async () => {
    await jwtVerify(await crafted({}), keySet(contosoTenantId), { audience: apiApplicationId });
  });

  test('may be unsigned, or signed with the public key as a secret', async () => {
    expect(await crafted({ header: { alg: 'none' } })).toMatch(/\.$/);
    await expect(
      jwtVerify(await crafted({ header: { alg: 'HS256' } }), keySet(contosoTenantId)),
    ).rejects.toThrow();
  });

  test('may be signed with the key of another tenant', async () => {
    const token = await crafted({ tenant: fabrikamTenantId });
    expect(decodeJwt(token)).toMatchObject({ tid: contosoTenantId });
    await jwtVerify(token, keySet(fabrikamTenantId));
    await expect(jwtVerify(token, keySet(contosoTenantId))).rejects.toThrow();
  });

  test('a body that is no object is refused', async () => {
    for (const body of ['[]', '{', '{"claims":1}', 'null', '{"tenant":"nowhere"}']) {
      const response = await fetch(`${entra.url}/simulator/token`, { method: 'POST', body });
      expect(response.status, body).toBe(400);
    }
  });
});

test('after a rotation new tokens have a new key, and older ones stay valid', async () => {
  const before = await crafted({});
  await fetch(`${entra.url}/simulator/keys/rotate`, { method: 'POST' });
  const after = await crafted({});
  expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
  for (const token of [before, after]) await jwtVerify(token, keySet(contosoTenantId));
});

test('a restart keeps the keys', async () => {
  const token = await crafted({});
  await entra.close();
  entra = await startEntra({ port: 0, keysFile });
  await jwtVerify(token, keySet(contosoTenantId));
});
