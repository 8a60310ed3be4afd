import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { apiApplicationUri, contosoTenantId, organizationId } from '../../local/sign-ins.ts';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import { aFailure } from '../contracts/failures.ts';
import { httpTriggers } from '../http-triggers.ts';
import { parseLikeAdal, parseLikeMsal } from '../unit/edge/challenge-parsers.ts';
import { type AccessRow, accessPage, triggerOf } from './access-page.ts';
import {
  applicationToken,
  clientToken,
  managedIdentityToken,
  personToken,
  rotateKeys,
  userToken,
} from './callers.ts';
import { tokenPattern } from './leak-scan.ts';
import { localStorage } from './local-storage.ts';
import { headerValues, rawRequest } from './raw-request.ts';
import { profileBody, simulator } from './running-platform.ts';
import { people, twoOrganizations } from './two-organizations.ts';
import { wrongTokens } from './wrong-tokens.ts';

const platform = twoOrganizations();
const { rows, columns } = accessPage();
/** What opens a webhook is no token. */
const webhookChallenges: Readonly<Record<string, string>> = {
  '/webhooks/tickets/servicenow': 'HMAC-SHA256',
  '/webhooks/dataverse': 'Webhook-Key',
};
const unknownId = '12345678-1234-4234-8234-123456789012';

/** The tokens of each column but the last, made when the platform runs. */
const callers: Readonly<Record<string, (entra: string) => Promise<string>[]>> = {
  admin: (entra) => [userToken(entra, 'admin'), userToken(entra, 'admin', { version: 1 })],
  team: (entra) => [personToken(entra, people.team)],
  reader: (entra) => [userToken(entra, 'reader')],
  disabled: (entra) => [personToken(entra, people.disabled)],
  visitor: (entra) => [personToken(entra, people.visitor)],
  stranger: (entra) => [personToken(entra, people.stranger)],
  manage: (entra) => [clientToken(entra, 'deploying')],
  operate: (entra) => [clientToken(entra, 'ticketing')],
  both: (entra) => [applicationToken(entra, ['Profiles.Manage', 'Automation.Operate'])],
  none: (entra) => [applicationToken(entra, []), applicationToken(entra, ['Something.Else'])],
  identity: (entra) => [managedIdentityToken(entra)],
};
let tokens: ReadonlyMap<string, readonly string[]>;
let profileId: string;
let failureId: string;
let operationId: string;

const bearer = (token: string | undefined) => ({ Authorization: `Bearer ${token}` });
const tokenOf = (column: string) => tokens.get(column)?.[0];
const admin = () => bearer(tokenOf('admin'));

let made = 0;
/** A description that no profile stands in the way of. */
function freshProfile(name = 'Access') {
  made += 1;
  const own = { Name: `${name} ${made}`, DestinationPrefix: `a${made}` };
  return profileBody(platform(), ['account'], own);
}

async function call(method: string, path: string, headers: Record<string, string>, body?: object) {
  return rawRequest(platform().addresses.app, method, path, {
    headers: { ...headers, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function createProfile(name?: string): Promise<string> {
  const { text } = await call('POST', '/crm/exporter/profiles', admin(), freshProfile(name));
  return JSON.parse(text).Id;
}

const query = () =>
  `?organizationUrl=${platform().addresses.dataverse}&organizationId=${organizationId}&isAuthorized=true`;

/** Of a profile whose secret is missing: it is made, and not activated. */
function automationBody(path: string, isAllowed: boolean): object {
  if (path.includes('/failures/'))
    return { profileId, ...(path.endsWith('/ignore') ? { reason: 'Access' } : {}) };
  if (!path.endsWith('/profiles')) return {};
  const { Name: name } = freshProfile(isAllowed ? 'Access' : 'Refused');
  const destination = { keyVaultUri: `${platform().addresses.keyvault}/secrets/missing`, type: 'PostgreSql' };
  return { organization: organizationId, name, tables: ['account'], destination };
}

/** The body that the route needs; a refused caller's would change the name. */
async function bodyOf({ method, path }: AccessRow, isAllowed: boolean): Promise<object | undefined> {
  if (path.startsWith('/automation/')) return method === 'POST' ? automationBody(path, isAllowed) : undefined;
  if (method === 'POST' && /\/profiles(\/validate)?$/.test(path))
    return freshProfile(isAllowed ? 'Access' : 'Refused');
  if (method !== 'PUT') return undefined;
  const { text } = await call('GET', `/crm/exporter/profiles/${profileId}`, admin());
  return { ...JSON.parse(text), ...(isAllowed ? {} : { Name: 'Refused' }) };
}

/**
 * Calls one route. Who may delete is given a profile to lose, and who may resync an active one of its own: the operations
 * that the other rows began deactivate the shared one at any time.
 */
async function send(row: AccessRow, headers: Record<string, string>, isAllowed: boolean, id = profileId) {
  const isResync = row.path.endsWith('/resync');
  const isAlone = isAllowed && id === profileId && (row.method === 'DELETE' || isResync);
  const named = isAlone ? await createProfile() : id;
  if (isAllowed && isResync) await call('POST', `/crm/exporter/profiles/${named}/activate`, admin());
  const ids = { id: named, operationId, failureId: encodeURIComponent(failureId) };
  const isAsked = /\/metadata\/|exporter\/profiles$/.test(row.path);
  const path =
    row.path.replace(/\{(\w+)\}/g, (_, name) => ids[name as keyof typeof ids]) + (isAsked ? query() : '');
  return call(row.method, path, headers, await bodyOf(row, isAllowed));
}

beforeAll(async () => {
  const { entra } = platform().addresses;
  const member = (objectId: string, facts: object) =>
    simulator(platform(), 'POST', '/members', { objectId, ...facts });
  await member(people.team, { role: 'administrator', from: 'team' });
  await member(people.disabled, { role: 'administrator', isDisabled: true });
  await member(people.visitor, { role: 'salesperson' });
  const known = Object.entries(callers).map(async ([column, make]) => {
    return [column, await Promise.all(make(entra))] as const;
  });
  tokens = new Map(await Promise.all(known));
  profileId = await createProfile('Shared');
  const failure = aFailure(profileId);
  failureId = failure.id;
  await failureLedger(localStorage(platform())).add([failure]);
  const { text } = await call('POST', `/automation/profiles/${profileId}/deactivate`, admin());
  operationId = JSON.parse(text).id;
});

test('the page has a row for every HTTP trigger and no other, and a caller for every column', () => {
  const used = rows.map(({ method, path }) => triggerOf(method, path.replace('{id}', unknownId)));
  expect([...new Set(used)].sort()).toEqual(httpTriggers.map(({ name }) => name).sort());
  expect(columns).toEqual([...Object.keys(callers), 'nobody']);
  const wrong = rows.flatMap(({ path, answers }) =>
    [...answers].filter(([, { status }]) => Number.isNaN(status)).map(([column]) => [path, column]),
  );
  expect(wrong).toEqual([]);
});

/** What is true of every answer of the status, beside it. */
function expectForm(status: number, text: string, isEmpty: boolean): void {
  expect(text).not.toMatch(tokenPattern);
  expect(text).not.toMatch(/\n\s+at /);
  if (isEmpty) expect(text).toMatch(/^(\[\]|\{"items":\[\]\})$/);
  else if (status === 200) expect(text).not.toBe('[]');
  if (status < 400) return;
  const body = JSON.parse(text);
  expect(body).toMatchObject({ CorrelationId: expect.any(String), ErrorCode: expect.any(String) });
  if (status === 403) expect(body.Message).toContain('failed authorization');
}

test.each(Object.keys(callers))(
  'who is called %s in the page is answered as its column says',
  async (column) => {
    for (const token of tokens.get(column) ?? [])
      for (const row of rows) {
        const { status: expected = 0, isEmpty = false } = row.answers.get(column) ?? {};
        const { status, text } = await send(row, bearer(token), expected < 300);
        const route = `${row.method} ${row.path}`;
        expect([route, status, status === expected ? '' : text]).toEqual([route, expected, '']);
        expectForm(status, text, isEmpty);
      }
  },
);

describe('who cannot prove who they are', () => {
  const authority = () => `${platform().addresses.entra}/${contosoTenantId}/oauth2/authorize`;
  const challenge = () => `Bearer authorization_uri="${authority()}", resource_id="${apiApplicationUri}"`;

  async function expectNobody(headers: Record<string, string>, more = ''): Promise<void> {
    for (const row of rows) {
      const { status: expected } = row.answers.get('nobody') ?? {};
      const answered = await send({ ...row, path: row.path + more }, headers, false);
      expect([row.path, answered.status]).toEqual([row.path, expected]);
      if (expected !== 401) continue;
      expect(answered.headers.filter(([header]) => header === 'WWW-Authenticate')).toEqual([
        ['WWW-Authenticate', webhookChallenges[row.path] ?? challenge()],
      ]);
      expect(headerValues(answered, 'WWW-Authenticate')).toHaveLength(1);
      expectForm(401, answered.text, false);
    }
  }

  test.each([
    ['no header', () => ({})],
    ['another scheme', () => ({ Authorization: 'Basic YWRtaW46YWRtaW4=' })],
    ['an empty token', () => ({ Authorization: 'Bearer ' })],
    ['two tokens', () => ({ Authorization: `Bearer ${tokenOf('admin')}, Bearer ${tokenOf('admin')}` })],
    ['a token in a cookie', () => ({ Cookie: `access_token=${tokenOf('admin')}` })],
  ])('%s: the challenge', async (_, headers: () => Record<string, string>) => {
    await expectNobody(headers());
  });

  test.each(Object.entries(wrongTokens))('a token %s: the challenge', async (_, make) => {
    const { entra, dataverse } = platform().addresses;
    await expectNobody(bearer(await make(entra, dataverse)));
  });

  test('the challenge is what the parsers of ADAL and MSAL need', () => {
    const expected = { authorization_uri: authority(), resource_id: apiApplicationUri };
    expect(parseLikeAdal(challenge())).toEqual(expected);
    expect(parseLikeMsal(challenge())).toMatchObject(expected);
  });
});

test('what was refused was not done', async () => {
  const { text } = await call('GET', `/crm/exporter/profiles${query()}`, admin());
  const names = JSON.parse(text).map(({ Name }: { Name: string }) => Name);
  expect(names).toContain('Shared 1');
  expect(names.filter((name: string) => name.startsWith('Refused'))).toEqual([]);
});

test.each(['reader', 'disabled', 'visitor', 'stranger', 'none', 'operate'])(
  'from what is refused to the %s, nobody can tell whether a profile exists',
  async (column) => {
    const anonymous = (text: string, id: string) =>
      text.replaceAll(id, '<id>').replace(/"CorrelationId":"[^"]*"/, '');
    const refused = rows.filter(
      ({ path, answers }) => path.includes('{id}') && (answers.get(column)?.status ?? 0) >= 400,
    );
    expect(refused.length).toBeGreaterThan(5);
    for (const row of refused) {
      const [existing, missing] = [profileId, unknownId].map((id) =>
        send(row, bearer(tokenOf(column)), false, id),
      ) as [ReturnType<typeof send>, ReturnType<typeof send>];
      const answer = async (sent: ReturnType<typeof send>, id: string) => {
        const { status, text } = await sent;
        return [row.path, status, anonymous(text, id)];
      };
      expect(await answer(missing, unknownId)).toEqual(await answer(existing, profileId));
    }
  },
);

describe('what Dataverse says of a person', () => {
  const list = (token: string) => call('GET', `/crm/exporter/profiles${query()}`, bearer(token));
  let count = 0;
  async function newcomer(): Promise<string> {
    count += 1;
    const objectId = `aaaaaaaa-0000-4000-8000-0000000000b${count}`;
    await simulator(platform(), 'POST', '/members', { objectId, role: 'administrator' });
    return personToken(platform().addresses.entra, objectId);
  }
  const questions = async () => {
    const { requests } = await simulator<{ requests: Record<string, number> }>(platform(), 'GET');
    const asked = Object.entries(requests).filter(([route]) => route.includes('systemusers'));
    return asked.reduce((sum, [, times]) => sum + times, 0);
  };

  test('is asked once for many calls at the same moment, and then believed', async () => {
    const token = await newcomer();
    const before = await questions();
    const answers = await Promise.all(Array.from({ length: 20 }, () => list(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    // Who they are, and their own roles.
    expect((await questions()) - before).toBe(2);
  });

  test.each(['503', 'unauthorized', 'privilege', 'html', 'reset'])(
    'is not known when Dataverse fails (%s): no, with the reason in the log, and asked again by the next call',
    async (kind) => {
      const token = await newcomer();
      const logFile = join(dirname(platform().telemetryFile), '../logs/app.log');
      const before = readFileSync(logFile, 'utf8').length;
      await simulator(platform(), 'POST', '/faults', { route: '/systemusers', kind, count: 50 });
      const refused = await list(token);
      expect([refused.status, JSON.parse(refused.text).Message]).toEqual([
        403,
        expect.stringContaining('failed authorization'),
      ]);
      await expect
        .poll(() => readFileSync(logFile, 'utf8').slice(before))
        .toMatch(/WARN.*Cannot see who the caller is, so access is refused: Cannot look up a user of http/);
      await simulator(platform(), 'DELETE', '/faults');
      expect((await list(token)).status).toBe(200);
    },
  );
});

test('a new key of the tenant is taken within seconds, and a withdrawn one refused from then on', async () => {
  const { entra } = platform().addresses;
  await rotateKeys(entra);
  await rotateKeys(entra);
  const fresh = await userToken(entra, 'admin');
  const statusOf = async (token: string | undefined) =>
    (await call('GET', `/crm/exporter/profiles${query()}`, bearer(token))).status;
  await expect.poll(() => statusOf(fresh), { timeout: 30_000, interval: 250 }).toBe(200);
  expect(await statusOf(tokenOf('admin'))).toBe(401);
});
