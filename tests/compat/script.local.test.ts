import { describe, expect, inject, test } from 'vitest';
import { type RawParts, rawRequest } from '../scenarios/raw-request.ts';
import { parseLikeAdal, parseLikeMsal } from '../unit/edge/challenge-parsers.ts';
import { trialProfiles } from './trial-profiles.ts';

// Scripts of administrators, and the sample of the developers' guide that many programs grew from.

const { address, tokens, organizationId, organizationUrl, tables, secretAddress } = inject('deployment');
const profiles = trialProfiles('script');
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const plain = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '0' };
const json = { 'Content-Type': 'application/json' };

const send = (method: string, path: string, { headers = {}, ...rest }: RawParts = {}, token = tokens.admin) =>
  rawRequest(address, method, `/crm/exporter${path}`, {
    headers: { Authorization: `Bearer ${token}`, ...headers },
    ...rest,
  });

/** `JObject.Parse` and the indexer: exact names. A status that is no success ends the script with the body. */
async function objectOf(answer: ReturnType<typeof send>): Promise<Readonly<Record<string, unknown>>> {
  const { status, text } = await answer;
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return JSON.parse(text);
}

const description = (differences: object = {}) => ({
  ...profiles.fresh(),
  Entities: tables.map((Type) => ({ Type, Settings: {} })),
  ...differences,
});

async function create(body: object): Promise<string> {
  const bytes = Buffer.from(JSON.stringify(body));
  const { Id } = await objectOf(send('POST', '/profiles', { headers: json, body: bytes }));
  return Id as string;
}

describe('the challenge', () => {
  const challenge = (headers: Readonly<Record<string, string>> = {}) =>
    rawRequest(address, 'GET', '/crm/exporter/aad/challenge', { headers });

  test('ADAL 2 finds the header by its exact name, ADAL 3 reads the first, MSAL splits at blanks', async () => {
    const { status, headers } = await challenge();
    expect(status).toBe(401);
    const [first = ''] = headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
    const { authorization_uri = '', resource_id = '', ...others } = parseLikeAdal(first);
    expect(others).toEqual({});
    // AuthenticationContext takes the host and the first segment of the path.
    const { pathname } = new URL(authorization_uri);
    expect(pathname).toMatch(/^\/[^/]+\/oauth2\/authorize$/);
    expect(resource_id).not.toBe('');
    expect(parseLikeMsal(first)).toMatchObject({
      authority: authorization_uri.replace('/oauth2/authorize', ''),
      resource_id,
    });
  });

  test('rule 14: the probe of ADAL 2 is a GET with the content type of a form', async () => {
    expect((await challenge(form)).status).toBe(401);
    const query = `organizationId=${organizationId}&organizationUrl=${organizationUrl}`;
    for (const path of [`/profiles?${query}`, `/metadata/connector?${query}`, `/metadata/entities?${query}`])
      expect((await send('GET', path, { headers: form })).status).toBe(200);
  });

  test.skipIf(tokens.adminVersion1 === undefined)('a token of the older endpoint is as good', async () => {
    const path = `/metadata/connector?organizationId=${organizationId}&organizationUrl=${organizationUrl}`;
    expect((await send('GET', path, {}, tokens.adminVersion1)).status).toBe(200);
  });

  test('a call without a token, or with a wrong one, gets the same challenge', async () => {
    const expected = (await challenge()).headers.find(([name]) => name === 'WWW-Authenticate');
    for (const headers of [{}, { Authorization: 'Bearer garbage' }, { Authorization: 'Basic eDp5' }])
      for (const path of ['/profiles', '/metadata/organizations']) {
        const answered = await rawRequest(address, 'GET', `/crm/exporter${path}`, { headers });
        expect([answered.status, answered.headers]).toEqual([401, expect.arrayContaining([expected])]);
      }
  });
});

describe('the sample of the guide', () => {
  test('rule 5: "ConnectorUrl" is read by its exact name, and paths are appended with a slash of their own', async () => {
    const query = `organizationUrl=${encodeURIComponent(organizationUrl)}&organizationId=${organizationId}`;
    const { ConnectorUrl } = await objectOf(send('GET', `/metadata/connector?${query}`));
    const url = new URL(`${ConnectorUrl}/crm/exporter/profiles?${query}&status=true`);
    expect(url.pathname).toBe('/crm/exporter/profiles');
    const { status, text } = await rawRequest(url.origin, 'GET', url.pathname + url.search, {
      headers: { Authorization: `Bearer ${tokens.admin}` },
    });
    expect([status, JSON.parse(text)]).toEqual([200, expect.any(Array)]);
  });

  test('rule 5: every name of every answer begins with a capital', async () => {
    const id = await create(description());
    const query = `organizationUrl=${organizationUrl}&organizationId=${organizationId}`;
    const names = async (path: string) =>
      [...(await send('GET', path)).text.matchAll(/"([^"\\]+)":/g)].map(([, name = '']) => name);
    for (const path of [
      '/metadata/organizations',
      `/metadata/discover?${query}`,
      `/metadata/connector?${query}`,
      `/metadata/entities?${query}`,
      `/metadata/relationships?${query}`,
      `/profiles/${id}?status=true`,
      `/profiles/${id}/failures`,
      '/profiles/none',
    ])
      for (const name of await names(path))
        expect([path, name]).toEqual([path, expect.stringMatching(/^[A-Z]/)]);
  });

  test('rule 13: a POST of no text carries the content type of a text', async () => {
    const id = await create(description());
    for (const [call, State] of [
      ['activate', 1],
      ['deactivate', 0],
    ] as const)
      expect(await objectOf(send('POST', `/profiles/${id}/${call}`, { headers: plain }))).toMatchObject({
        Id: id,
        State,
      });
  });

  test('rule 13: a POST of Invoke-RestMethod without a body carries the content type of a form', async () => {
    const id = await create(description());
    const headers = { ...form, 'Content-Length': '0' };
    expect(await objectOf(send('POST', `/profiles/${id}/activate`, { headers }))).toMatchObject({ State: 1 });
  });

  test('rule 10: routes and query names in any case', async () => {
    for (const path of ['/metadata/discover', '/Metadata/Discover', '/METADATA/DISCOVER/'])
      for (const name of ['organizationUrl', 'organizationurl', 'ORGANIZATIONURL'])
        expect(await objectOf(send('GET', `${path}?${name}=${organizationUrl}`))).toMatchObject({
          OrganizationId: organizationId,
        });
    const id = await create(description());
    for (const path of [`/Profiles/${id.toUpperCase()}?STATUS=True`, `/PROFILES/${id}?Status=TRUE`])
      expect(await objectOf(send('GET', path))).toMatchObject({ Id: id, Status: expect.any(Object) });
  });

  test('rule 16: a status is true or false, and nothing between', async () => {
    const id = await create(description());
    expect(await objectOf(send('GET', `/profiles/${id}?status=false`))).not.toHaveProperty('Status');
    expect(await objectOf(send('GET', `/profiles/${id}?status=`))).not.toHaveProperty('Status');
    expect((await send('GET', `/profiles/${id}?status=maybe`)).status).toBe(400);
  });
});

describe('a description from a file', () => {
  test('a byte order mark before it does no harm', async () => {
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(description()))]);
    for (const path of ['/profiles/validate', '/profiles'])
      expect((await send('POST', path, { headers: json, body })).status).toBe(200);
  });

  test('what Windows PowerShell sends without being told UTF-8 is refused, not stored broken', async () => {
    const { Name } = profiles.fresh();
    const body = Buffer.from(JSON.stringify(description({ Name: `${Name} Größe` })), 'latin1');
    const { status, text } = await send('POST', '/profiles', { headers: json, body });
    expect([status, JSON.parse(text).ErrorCode]).toEqual([400, 'REQUEST_INVALID']);
    expect(text).toContain('UTF-8');
  });

  test('rule 15: hash tables of PowerShell come in any order and case, with members of their own', async () => {
    const { Name, DestinationPrefix, Entities, ...rest } = description();
    const lower = Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const entities = Entities.map(({ Type }) => ({ type: Type.toUpperCase(), comment: null }));
    const body = {
      comment: { by: 'me' },
      entities,
      ...lower,
      NAME: Name,
      destinationprefix: DestinationPrefix,
    };
    expect(await objectOf(send('GET', `/profiles/${await create(body)}`))).toMatchObject({
      Name,
      DestinationPrefix,
      Entities: tables.map((Type) => ({ Type, Settings: {} })),
    });
  });

  test('the address of the secret as scripts print it: slash at the end, port 443', async () => {
    const { port } = new URL(secretAddress);
    const bare = secretAddress.replace(/\/$/, '');
    const withPort = bare.replace(/^(https:\/\/[^/:]+)(\/)/, '$1:443$2');
    for (const DestinationKeyVaultUri of port === ''
      ? [`${bare}/`, withPort, `${withPort}/`]
      : [`${bare}/`]) {
      const body = JSON.stringify(description({ DestinationKeyVaultUri }));
      expect((await send('POST', '/profiles/validate', { headers: json, body })).text).toMatch(/passed/);
    }
    // The guide's own sample ends so.
    const body = JSON.stringify(description({ DestinationKeyVaultUri: `${bare};` }));
    expect((await send('POST', '/profiles', { headers: json, body })).status).toBe(400);
  });
});
