import { readdirSync } from 'node:fs';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { contosoTenantId, fabrikamTenantId, organizationId } from '../../local/sign-ins.ts';
import { parseLikeAdal, parseLikeMsal } from '../unit/edge/challenge-parsers.ts';
import { clientToken, craftedToken, rotateKeys, userToken } from './callers.ts';
import { headerValues, rawRequest } from './raw-request.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform();
const base = '/crm/exporter';
const unknownId = '12345678-1234-4234-8234-123456789012';

type Need = 'nothing' | 'a member' | 'to watch' | 'to manage' | 'a challenge';
interface Route {
  readonly method: string;
  readonly path: string;
  readonly need: Need;
}
let profileId: string;
const tokens = new Map<string, string>();

/** Every HTTP trigger, by the name of its file. Calls that would end the profile are left to name an unknown one. */
function routes(id: string): Readonly<Record<string, Route>> {
  const organization = `organizationUrl=${platform().addresses.dataverse}&organizationId=${organizationId}`;
  const get = (path: string, need: Need): Route => ({ method: 'GET', path: base + path, need });
  const post = (path: string): Route => ({ method: 'POST', path: base + path, need: 'to manage' });
  return {
    'http-health': { method: 'GET', path: '/health', need: 'nothing' },
    'http-aad-challenge': get('/aad/challenge', 'a challenge'),
    'http-metadata-organizations': get('/metadata/organizations', 'a member'),
    'http-metadata-discover': get(`/metadata/discover?${organization}`, 'to manage'),
    'http-metadata-connector': get(`/metadata/connector?${organization}`, 'to manage'),
    'http-metadata-entities': get(`/metadata/entities?${organization}`, 'to manage'),
    'http-profiles-list': get(`/profiles?${organization}`, 'to watch'),
    'http-profiles-create': post('/profiles'),
    'http-profiles-validate': post('/profiles/validate'),
    'http-profiles-get': get(`/profiles/${id}?status=true`, 'to watch'),
    'http-profiles-failures': get(`/profiles/${id}/failures`, 'to watch'),
    'http-profiles-test': get(`/profiles/${id}/test`, 'to manage'),
    'http-profiles-activate': post(`/profiles/${id}/activate`),
    'http-profiles-deactivate': post(`/profiles/${id}/deactivate`),
    'http-profiles-delete': { method: 'DELETE', path: `${base}/profiles/${id}`, need: 'to manage' },
  };
}

const triggers = readdirSync(new URL('../../functions/', import.meta.url))
  .filter((name) => name.startsWith('http-'))
  .map((name) => name.slice(0, -'.ts'.length));

let created = 0;
/** Sends the request of a route; a profile that is created or validated has a name and a prefix of its own. */
function send({ method, path }: Route, headers: Record<string, string>) {
  created += 1;
  const isDescription = /\/profiles(\/validate)?$/.test(path) && method === 'POST';
  const own = { Name: `Access ${created}`, DestinationPrefix: `a${created}` };
  const body = isDescription ? JSON.stringify(profileBody(platform(), ['account'], own)) : undefined;
  return rawRequest(platform().addresses.app, method, path, {
    headers: { ...headers, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body }),
  });
}

const bearer = (name: string) => ({ Authorization: `Bearer ${tokens.get(name)}` });

async function ownSignature(entra: string): Promise<string> {
  const [head = '', claims = ''] = (await userToken(entra, 'admin')).split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const header = { ...read(head), jwk: await exportJWK(publicKey), jku: 'http://127.0.0.1:9/keys' };
  return new SignJWT(read(claims)).setProtectedHeader(header).sign(privateKey);
}

async function changedAfterSigning(entra: string): Promise<string> {
  const [header, claims = '', signature] = (await userToken(entra, 'reader')).split('.');
  const read = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const changed = { ...read, oid: 'aaaaaaaa-0000-4000-8000-000000000001' };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

const now = Math.floor(Date.now() / 1000);
const refusedTokens: Readonly<Record<string, (entra: string) => Promise<string>>> = {
  'that is no token': async () => 'garbage',
  'that expired': (entra) =>
    craftedToken(entra, { claims: { iat: now - 7200, nbf: now - 7200, exp: now - 3600 } }),
  'whose time has not come': (entra) => craftedToken(entra, { claims: { nbf: now + 3600, exp: now + 7200 } }),
  'without an end': (entra) => craftedToken(entra, { claims: { exp: null } }),
  'for another audience': (entra) => craftedToken(entra, { claims: { aud: platform().addresses.dataverse } }),
  'of another issuer': (entra) =>
    craftedToken(entra, { claims: { iss: `${entra}/${fabrikamTenantId}/v2.0` } }),
  'of another tenant in its claims': (entra) => craftedToken(entra, { claims: { tid: fabrikamTenantId } }),
  'without a signature': (entra) => craftedToken(entra, { header: { alg: 'none' } }),
  'signed with the public key as a password (HS256)': (entra) =>
    craftedToken(entra, { header: { alg: 'HS256' } }),
  'of a key that nobody published': (entra) => craftedToken(entra, { header: { kid: 'unheard-of' } }),
  'signed by a key that it brings itself': ownSignature,
  'changed after it was signed': changedAfterSigning,
  'of an outsider, rightly signed by their tenant': (entra) => userToken(entra, 'outsider'),
};

beforeAll(async () => {
  const { entra } = platform().addresses;
  for (const name of ['admin', 'reader'] as const) tokens.set(name, await userToken(entra, name));
  tokens.set('admin (version 1)', await userToken(entra, 'admin', { version: 1 }));
  for (const name of ['ticketing', 'deploying'] as const) tokens.set(name, await clientToken(entra, name));
  const claims = { oid: unknownId, azp: unknownId, scp: null, idtyp: 'app' };
  tokens.set('application without role', await craftedToken(entra, { claims }));
  for (const [name, make] of Object.entries(refusedTokens)) tokens.set(name, await make(entra));
  const { text } = await send(routes('')['http-profiles-create'] as Route, bearer('admin'));
  profileId = JSON.parse(text).Id;
});

test('the table of routes below names every HTTP trigger', () => {
  expect(Object.keys(routes('')).sort()).toEqual(triggers);
});

describe('who cannot prove who they are', () => {
  const challenge = () =>
    `Bearer authorization_uri="${platform().addresses.entra}/${contosoTenantId}/oauth2/authorize", resource_id="api://55555555-5555-4555-8555-555555555555"`;

  async function expectChallengeEverywhere(headers: Record<string, string>): Promise<void> {
    for (const [name, route] of Object.entries(routes(profileId))) {
      const answered = await send(route, headers);
      if (route.need === 'nothing') {
        expect([name, answered.status, answered.text]).toEqual([name, 200, 'healthy']);
        continue;
      }
      expect([name, answered.status]).toEqual([name, 401]);
      expect(answered.headers.filter(([header]) => header === 'WWW-Authenticate')).toEqual([
        ['WWW-Authenticate', challenge()],
      ]);
      expect(headerValues(answered, 'WWW-Authenticate')).toHaveLength(1);
      expect(answered.text).not.toMatch(/eyJ|\n\s+at /);
    }
  }

  test.each([
    ['no header', {}],
    ['another scheme', { Authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ['an empty token', { Authorization: 'Bearer ' }],
  ])('%s: the challenge on every route, and health for everybody', async (_, headers) => {
    await expectChallengeEverywhere(headers);
  });

  test.each(Object.keys(refusedTokens))('a token %s: the challenge on every route', async (name) => {
    await expectChallengeEverywhere(bearer(name));
  });

  test('the challenge is what the parsers of ADAL and MSAL need', () => {
    const expected = {
      authorization_uri: `${platform().addresses.entra}/${contosoTenantId}/oauth2/authorize`,
      resource_id: 'api://55555555-5555-4555-8555-555555555555',
    };
    expect(parseLikeAdal(challenge())).toEqual(expected);
    expect(parseLikeMsal(challenge())).toMatchObject(expected);
  });
});

describe('who may do what', () => {
  const permitted: Readonly<Record<string, readonly Need[]>> = {
    admin: ['a member', 'to watch', 'to manage'],
    'admin (version 1)': ['a member', 'to watch', 'to manage'],
    deploying: ['a member', 'to watch', 'to manage'],
    ticketing: ['a member', 'to watch'],
    reader: ['a member'],
    'application without role': ['a member'],
  };

  test.each(Object.keys(permitted))('%s', async (name) => {
    for (const [trigger, route] of Object.entries(routes(profileId))) {
      // Deleting is tried on an unknown profile by those who may.
      const isAllowed = route.need === 'nothing' || permitted[name]?.includes(route.need);
      const isDelete = trigger === 'http-profiles-delete' && isAllowed;
      const asked = isDelete ? (routes(unknownId)[trigger] as Route) : route;
      const expected = isDelete ? 404 : route.need === 'a challenge' ? 401 : isAllowed ? 200 : 403;
      const { status, text } = await send(asked, bearer(name));
      expect([trigger, status, status === expected ? '' : text]).toEqual([trigger, expected, '']);
      if (status === 403) expect(JSON.parse(text).Message).toContain('failed authorization');
    }
  });

  test('an application without app role sees no organization, a reader sees theirs', async () => {
    const organizationsOf = async (name: string) =>
      JSON.parse((await send(routes('')['http-metadata-organizations'] as Route, bearer(name))).text);
    expect(await organizationsOf('application without role')).toEqual([]);
    expect(await organizationsOf('reader')).toMatchObject([{ OrganizationId: organizationId }]);
  });

  test.each(['reader', 'application without role', 'ticketing'])(
    'from what %s is refused, nobody can tell whether a profile exists',
    async (name) => {
      const anonymous = (text: string, id: string) =>
        text.replaceAll(id, '<id>').replace(/"CorrelationId":"[^"]*"/, '');
      for (const [trigger, route] of Object.entries(routes(profileId))) {
        if (permitted[name]?.includes(route.need) || !route.path.includes(profileId)) continue;
        const existing = await send(route, bearer(name));
        const missing = await send(routes(unknownId)[trigger] as Route, bearer(name));
        expect([trigger, missing.status, anonymous(missing.text, unknownId)]).toEqual([
          trigger,
          existing.status,
          anonymous(existing.text, profileId),
        ]);
      }
    },
  );
});

test('a new key of the tenant is taken within seconds, and a withdrawn one refused from then on', async () => {
  const { entra } = platform().addresses;
  const list = routes('')['http-profiles-list'] as Route;
  await rotateKeys(entra);
  await rotateKeys(entra);
  tokens.set('new key', await userToken(entra, 'admin'));
  const answer = async (name: string) => (await send(list, bearer(name))).status;
  await expect.poll(() => answer('new key'), { timeout: 5000, interval: 250 }).toBe(200);
  expect(await answer('admin')).toBe(401);
}, 60_000);
