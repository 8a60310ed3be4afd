import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Entra, startEntra } from '../../local/entra/start-entra.ts';
import {
  apiApplicationId,
  apiApplicationUri,
  clients,
  contosoTenantId,
  managedIdentity,
  users,
} from '../../local/sign-ins.ts';
import { tokenVerifier } from '../../shared/adapters/entra/token-verifier.ts';
import type { TokenVerifier } from '../../shared/ports/access-tokens.ts';

let entra: Entra;
let verifier: TokenVerifier;
const newVerifier = (entraUrl = entra.url) =>
  tokenVerifier({
    entraUrl,
    tenantId: contosoTenantId,
    applicationId: apiApplicationId,
    applicationUri: apiApplicationUri,
  });

beforeAll(async () => {
  entra = await startEntra({ port: 0 });
  verifier = newVerifier();
});
afterAll(() => entra.close());

async function accessToken(path: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${entra.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  return ((await response.json()) as { access_token: string }).access_token;
}

const ofUser = (
  user: { name: string; password: string; tenantId: string },
  resource = apiApplicationUri,
) => ({
  version1: () =>
    accessToken(`/${user.tenantId}/oauth2/token`, {
      grant_type: 'password',
      client_id: 'any',
      username: user.name,
      password: user.password,
      resource,
    }),
  version2: () =>
    accessToken(`/${user.tenantId}/oauth2/v2.0/token`, {
      grant_type: 'password',
      client_id: 'any',
      username: user.name,
      password: user.password,
      scope: `${resource}/.default`,
    }),
});

const ofApplication = (client: { clientId: string; secret: string }) => ({
  version1: () =>
    accessToken(`/${contosoTenantId}/oauth2/token`, {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.secret,
      resource: apiApplicationUri,
    }),
  version2: () =>
    accessToken(`/${contosoTenantId}/oauth2/v2.0/token`, {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.secret,
      scope: `${apiApplicationUri}/.default`,
    }),
});

async function crafted(claims: object, header: object = {}): Promise<string> {
  const body = JSON.stringify({ claims, header });
  const response = await fetch(`${entra.url}/simulator/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

const now = () => Math.floor(Date.now() / 1000);

describe('a token that is accepted', () => {
  test.each(['version1', 'version2'] as const)('tells the user, in %s', async (version) => {
    const token = await ofUser(users.admin)[version]();
    expect(await verifier.verify(token)).toEqual({
      kind: 'user',
      objectId: users.admin.objectId,
      tenantId: contosoTenantId,
    });
  });

  test.each(['version1', 'version2'] as const)(
    'tells the application and its roles, in %s',
    async (version) => {
      expect(await verifier.verify(await ofApplication(clients.ticketing)[version]())).toEqual({
        kind: 'application',
        clientId: clients.ticketing.clientId,
        tenantId: contosoTenantId,
        roles: ['Automation.Operate'],
      });
    },
  );

  test('leaves out roles that are not ours, and roles of users', async () => {
    const application = { scp: null, idtyp: 'app', azp: clients.deploying.clientId };
    const roles = ['Profiles.Manage', 'Global.Administrator', 7];
    expect(await verifier.verify(await crafted({ ...application, roles }))).toMatchObject({
      roles: ['Profiles.Manage'],
    });
    expect(await verifier.verify(await crafted({ roles }))).not.toHaveProperty('roles');
    const inCapitals = { ...application, roles: ['PROFILES.MANAGE'] };
    expect(await verifier.verify(await crafted(inCapitals))).toMatchObject({ roles: [] });
  });

  test("may leave out that it is an application's, whose subject is itself", async () => {
    const { clientId: azp, objectId } = clients.deploying;
    const application = { scp: null, idtyp: null, azp, oid: objectId, sub: objectId };
    expect(await verifier.verify(await crafted(application))).toMatchObject({ kind: 'application' });
  });

  test.each([apiApplicationId, `${apiApplicationId}/`, apiApplicationUri, `${apiApplicationUri}/`])(
    'may have the audience %s',
    async (aud) => {
      expect(await verifier.verify(await crafted({ aud }))).toMatchObject({ kind: 'user' });
    },
  );

  test('may be a minute off', async () => {
    expect(await verifier.verify(await crafted({ exp: now() - 50, nbf: now() - 3600 }))).toBeDefined();
    expect(await verifier.verify(await crafted({ nbf: now() + 50 }))).toBeDefined();
  });

  test('may have capital letters in its ids', async () => {
    const token = await crafted({
      tid: contosoTenantId.toUpperCase(),
      oid: users.admin.objectId.toUpperCase(),
    });
    expect(await verifier.verify(token)).toMatchObject({ objectId: users.admin.objectId });
  });
});

const refused = async (token: string, reason: RegExp) => {
  const error = await verifier.verify(token).then(
    (caller) => expect.fail(`accepted as ${JSON.stringify(caller)}`),
    (thrown: unknown) => thrown as Error & { code: string },
  );
  expect(error.code).toBe('REQUEST_TOKEN_INVALID');
  expect(error.message).toMatch(reason);
  for (const part of token.split('.').filter((each) => each.length > 20))
    expect(error.message).not.toContain(part);
};

describe('a token that is refused', () => {
  test.each<[string, object, RegExp]>([
    ['expired', { exp: now() - 120 }, /has expired/],
    ['premature', { nbf: now() + 600 }, /not valid yet/],
    ['without an end', { exp: null }, /claim exp is missing/],
    ['for another audience', { aud: 'https://management.azure.com' }, /audience/],
    ['for an audience that only begins alike', { aud: `${apiApplicationId}0` }, /audience/],
    ['without audience', { aud: null }, /claim aud is missing/],
    ['of another issuer', { iss: 'https://evil.example/' }, /issuer/],
    ['of another tenant', { tid: '99999999-9999-4999-8999-999999999999' }, /tenant/],
    ['without tenant', { tid: null }, /claim tid is missing/],
    ['without a person', { oid: null }, /claim oid is missing/],
    ['of a person without a scope', { scp: null, idtyp: 'user' }, /neither a user's .* nor an application's/],
    [
      'of a person with roles only',
      { scp: null, idtyp: null, sub: 'pairwise', roles: ['Profiles.Manage'] },
      /neither a user's/,
    ],
    ['with a scope that is no text', { scp: ['x'], idtyp: null, sub: 'pairwise' }, /neither a user's/],
    ['with a person that is no text', { oid: 7 }, /names nobody/],
    ['that is an ID token', { scp: null, azp: null, appid: null }, /neither a user's/],
    ['with an end that is no number', { exp: 'tomorrow' }, /claim exp is wrong/],
  ])('is one %s', async (_kind, claims, reason) => refused(await crafted(claims), reason));

  test.each<[string, object, RegExp]>([
    ['unsigned', { alg: 'none' }, /RS256/],
    ['signed with the public key as a secret', { alg: 'HS256' }, /RS256/],
    ['that names a key that nobody has', { kid: 'nobody' }, /signature/],
    ['that needs an extension', { crit: ['exp-extended'], 'exp-extended': 1 }, /readable/],
  ])('is one %s', async (_kind, header, reason) => refused(await crafted({}, header), reason));

  test('is one of another tenant, signed by that tenant', async () => {
    await refused(await ofUser(users.outsider).version2(), /signature/);
  });

  test('is one for Dataverse', async () => {
    await refused(await ofUser(users.admin, 'https://contoso.crm4.dynamics.com').version1(), /audience/);
  });

  test('is one whose payload was exchanged', async () => {
    const [header, , signature] = (await crafted({})).split('.');
    const [, payload] = (await crafted({ oid: users.reader.objectId })).split('.');
    await refused(`${header}.${payload}.${signature}`, /signature/);
  });

  test("is one signed by somebody else's key under our key's name", async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const published = await fetch(`${entra.url}/${contosoTenantId}/discovery/v2.0/keys`);
    const { keys } = (await published.json()) as { keys: { kid: string }[] };
    const token = await new SignJWT({ tid: contosoTenantId, oid: users.admin.objectId, scp: 'x' })
      .setProtectedHeader({ alg: 'RS256', kid: keys[0]?.kid ?? '' })
      .setIssuer(`${entra.url}/${contosoTenantId}/v2.0`)
      .setAudience(apiApplicationId)
      .setExpirationTime('1h')
      .sign(privateKey);
    await refused(token, /signature/);
  });

  test('is any text at all', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'REQUEST_TOKEN_INVALID' });
      }),
      { numRuns: 200 },
    );
  });
});

test.each([
  ['https://login.microsoftonline.com', 'https://sts.windows.net'],
  ['https://login.microsoftonline.us', 'https://sts.windows.net'],
  ['https://login.partner.microsoftonline.cn', 'https://sts.chinacloudapi.cn'],
])('in the cloud of %s, version 1 is issued by %s and version 2 by itself', async (entraUrl, issuer) => {
  const { fetch } = globalThis;
  const keysOf = (address: string | URL) => fetch(`${entra.url}${new URL(address).pathname}`);
  const token = async (iss: string) => crafted({ iss });
  const issued = await Promise.all(
    [`${issuer}/${contosoTenantId}/`, `${entraUrl}/${contosoTenantId}/v2.0`].map(token),
  );
  const foreign = await token(`${entraUrl}/${contosoTenantId}/`);
  vi.stubGlobal('fetch', keysOf);
  try {
    const ofCloud = newVerifier(entraUrl);
    for (const one of issued) expect(await ofCloud.verify(one)).toMatchObject({ kind: 'user' });
    await expect(ofCloud.verify(foreign)).rejects.toThrow(/issuer/);
  } finally {
    vi.unstubAllGlobals();
  }
});

test('an application whose token names no role has none', async () => {
  const token = await crafted({ scp: null, idtyp: 'app', azp: managedIdentity.clientId });
  expect(await verifier.verify(token)).toMatchObject({ clientId: managedIdentity.clientId, roles: [] });
});

test('a new key is accepted at once by a verifier that has not read the keys lately', async () => {
  await fetch(`${entra.url}/simulator/keys/rotate`, { method: 'POST' });
  expect(await newVerifier().verify(await crafted({}))).toMatchObject({ kind: 'user' });
});

test('a key that is new since the keys were read is accepted within seconds', async () => {
  const busy = newVerifier();
  await busy.verify(await crafted({}));
  await fetch(`${entra.url}/simulator/keys/rotate`, { method: 'POST' });
  const token = await crafted({});
  const answer = () =>
    busy.verify(token).then(
      ({ kind }) => kind,
      () => 'refused',
    );
  await expect.poll(answer, { timeout: 3000, interval: 200 }).toBe('user');
});

test('a key set that cannot be read is not blamed on the token, and its address not told', async () => {
  const unreachable = newVerifier('http://127.0.0.1:9');
  await expect(unreachable.verify(await crafted({}))).rejects.toMatchObject({
    code: 'ENTRA_UNREACHABLE',
    message: expect.not.stringContaining('127.0.0.1') as string,
  });
});
