import { beforeAll, describe, expect, test } from 'vitest';
import { organizationId as contosoId } from '../../local/sign-ins.ts';
import { clientToken, craftedToken, personToken, userToken } from './callers.ts';
import { differencesOf } from './compare-tables.ts';
import { failureLines } from './failure-lines.ts';
import { profileBody, simulator } from './running-platform.ts';
import { northwindId, people, twoOrganizations } from './two-organizations.ts';

const platform = twoOrganizations();
const soon = { timeout: 90_000, interval: 300 };
const tables = ['account', 'systemuserroles'];

/** Of Contoso only; of Northwind, and an ordinary user of Contoso; of all; of nothing. */
type Caller = 'ada' | 'nora' | 'deploying' | 'stranger';
const tokens = new Map<Caller, string>();
const profiles = { contoso: '', northwind: '' };

interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it checks.
  readonly body: any;
}

async function call(caller: Caller, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${platform().addresses.app}/crm/exporter/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens.get(caller)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, body: text === '' ? undefined : JSON.parse(text) };
}

/** A description for either organization; both export to the one database. */
function description(of: 'contoso' | 'northwind', differences: object = {}) {
  const secret = of === 'contoso' ? 'reporting' : 'reporting-other-organization';
  return profileBody(platform(), tables, {
    Name: 'Reporting',
    OrganizationId: of === 'contoso' ? contosoId : northwindId,
    DestinationKeyVaultUri: `${platform().addresses.keyvault}/secrets/${secret}`,
    DestinationPrefix: of,
    ...differences,
  });
}

async function created(caller: Caller, body: object): Promise<string> {
  const { status, text, body: answered } = await call(caller, 'POST', 'profiles', body);
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return answered.Id;
}

const states = async (caller: Caller, id: string) =>
  (await call(caller, 'GET', `profiles/${id}?status=true`)).body.Entities.map(
    ({ Status }: { Status: { InitialSyncState: string } }) => Status.InitialSyncState,
  );
const namesSeen = async (caller: Caller) =>
  (await call(caller, 'GET', 'metadata/organizations')).body.map(
    ({ OrganizationName }: { OrganizationName: string }) => OrganizationName,
  );
const urlOf = (of: 'contoso' | 'northwind') =>
  encodeURIComponent(of === 'contoso' ? platform().addresses.dataverse : platform().northwind);

/** What nobody of Contoso may read in any answer. */
const hidden = () => new RegExp(`northwind|${northwindId}|${new URL(platform().northwind).host}`, 'i');

beforeAll(async () => {
  const { entra } = platform().addresses;
  await simulator(platform(), 'POST', '/members', { objectId: people.visitor, role: 'salesperson' });
  tokens.set('ada', await userToken(entra, 'admin'));
  tokens.set('nora', await personToken(entra, people.visitor));
  tokens.set('deploying', await clientToken(entra, 'deploying'));
  tokens.set('stranger', await personToken(entra, people.stranger));
});

describe('who sees which organization', () => {
  test('each person sees their own organizations, an application with a role all', async () => {
    expect(await namesSeen('ada')).toEqual(['Contoso']);
    expect(await namesSeen('nora')).toEqual(['Contoso', 'Northwind']);
    expect(await namesSeen('deploying')).toEqual(['Contoso', 'Northwind']);
    expect(await namesSeen('stranger')).toEqual([]);
  });

  test.each([
    ['ada', 'contoso', contosoId, 'northwind', northwindId],
    ['nora', 'northwind', northwindId, 'contoso', contosoId],
  ] as const)('%s may use %s and not the other', async (caller, mine, myId, other, otherId) => {
    const paths = (of: 'contoso' | 'northwind', id: string) => [
      `metadata/discover?organizationUrl=${urlOf(of)}`,
      `metadata/connector?organizationUrl=${urlOf(of)}&organizationId=${id}`,
      `metadata/entities?organizationUrl=${urlOf(of)}`,
      `metadata/relationships?organizationUrl=${urlOf(of)}`,
      `metadata/hasorgacceptedprivacyterms?organizationId=${id}`,
      `profiles?organizationId=${id}`,
    ];
    for (const path of paths(mine, myId))
      expect([path, (await call(caller, 'GET', path)).status]).toEqual([path, 200]);
    for (const path of paths(other, otherId)) {
      const { status, text } = await call(caller, 'GET', path);
      expect([path, status]).toEqual([path, 403]);
      // They named it by one of the two, and learn the other from nobody.
      const named =
        path.includes('organizationUrl') && !path.includes('organizationId=') ? otherId : 'Northwind';
      expect(text).not.toContain(named);
    }
  });

  test('URL and id of two organizations are refused, and to strangers of the first nothing is told', async () => {
    const mixed = `metadata/connector?organizationUrl=${urlOf('northwind')}&organizationId=${contosoId}`;
    expect(await call('nora', 'GET', mixed)).toMatchObject({
      status: 400,
      body: { ErrorCode: 'ORGANIZATION_UNKNOWN' },
    });
    expect((await call('ada', 'GET', mixed)).status).toBe(403);
  });

  test('accepted privacy terms are those of one organization', async () => {
    const accept = `metadata/acceptprivacyterms?organizationUrl=${urlOf('northwind')}&organizationId=${northwindId}&isAuthorized=true`;
    expect((await call('ada', 'POST', accept)).status).toBe(403);
    expect((await call('nora', 'POST', accept)).body).toBe(true);
    const has = (id: string) =>
      call('deploying', 'GET', `metadata/hasorgacceptedprivacyterms?organizationId=${id}`);
    expect([(await has(northwindId)).body, (await has(contosoId)).body]).toEqual([true, false]);
  });
});

describe('profiles', () => {
  test('have names of their own organization: what is taken in another is free', async () => {
    profiles.northwind = await created('nora', description('northwind'));
    profiles.contoso = await created('ada', description('contoso'));
    const taken = await call(
      'ada',
      'POST',
      'profiles',
      description('contoso', { DestinationPrefix: 'again' }),
    );
    expect([taken.status, taken.body.ErrorCode]).toEqual([400, 'PROFILE_NAME_TAKEN']);
    expect(taken.text).toContain(profiles.contoso);
    expect(taken.text).not.toContain(profiles.northwind);
    expect(taken.text).not.toMatch(hidden());
  });

  test('cannot be made for another organization than those of the caller', async () => {
    for (const [caller, of] of [
      ['ada', 'northwind'],
      ['nora', 'contoso'],
    ] as const)
      for (const path of ['profiles', 'profiles/validate'])
        expect((await call(caller, 'POST', path, description(of, { Name: 'Foreign' }))).status).toBe(403);
  });

  test('are invisible to the administrators of another: 404 by id, and in no list', async () => {
    const idOf = async (caller: Caller, id: string) =>
      (await call(caller, 'GET', `profiles?organizationId=${id}`)).body.map(({ Id }: { Id: string }) => Id);
    expect(await idOf('ada', contosoId)).toEqual([profiles.contoso]);
    expect(await idOf('nora', northwindId)).toEqual([profiles.northwind]);
    const calls = [
      ...['', '?status=true', '/test', '/failures'].map((path) => ['GET', path]),
      ...['/activate', '/activatemetadata', '/activatedata', '/deactivate'].map((path) => ['POST', path]),
      ['PUT', ''],
      ['DELETE', ''],
    ] as const;
    for (const [method = '', path = ''] of calls) {
      const document = { ...description('northwind'), Id: profiles.northwind, Version: '1' };
      const body = method === 'PUT' ? document : undefined;
      const { status, text } = await call('ada', method, `profiles/${profiles.northwind}${path}`, body);
      expect([method, path, status]).toEqual([method, path, 404]);
      expect(text).not.toMatch(hidden());
    }
    expect((await call('nora', 'GET', `profiles/${profiles.northwind}`)).status).toBe(200);
  });

  test('cannot be moved to another organization', async () => {
    const { body } = await call('deploying', 'GET', `profiles/${profiles.contoso}`);
    const moved = await call('deploying', 'PUT', `profiles/${profiles.contoso}`, {
      ...body,
      OrganizationId: northwindId,
    });
    expect(moved.status).toBe(400);
    expect((await call('ada', 'GET', `profiles/${profiles.contoso}`)).body.OrganizationId).toBe(contosoId);
  });

  test.each([
    ['ada', 'contoso', 'reporting-other-organization'],
    ['nora', 'northwind', 'reporting'],
  ] as const)('%s of %s cannot use the secret of the other organization', async (caller, of, secret) => {
    const DestinationKeyVaultUri = `${platform().addresses.keyvault}/secrets/${secret}`;
    const body = description(of, { Name: 'Borrowed', DestinationPrefix: 'b', DestinationKeyVaultUri });
    const { status, text } = await call(caller, 'POST', 'profiles/validate', body);
    expect([status, text]).toEqual([400, expect.stringContaining('SECRET_TAG_MISSING')]);
    expect(text).not.toContain(of === 'contoso' ? northwindId : contosoId);
  });
});

describe('replication', () => {
  const callers = { contoso: 'ada', northwind: 'nora' } as const;
  const organizations = ['contoso', 'northwind'] as const;

  async function differences(of: 'contoso' | 'northwind'): Promise<readonly string[]> {
    const { entra, database, dataverse } = platform().addresses;
    const url = of === 'contoso' ? dataverse : platform().northwind;
    const oid = of === 'contoso' ? {} : { oid: people.visitor, preferred_username: 'nora@northwind.example' };
    const sides = {
      dataverse: url,
      token: await craftedToken(entra, { claims: { ...oid, aud: url } }),
      organizationId: of === 'contoso' ? contosoId : northwindId,
      prefix: of,
    };
    const found = tables.map((table) => differencesOf(table, { ...sides, entra, database }));
    return (await Promise.all(found)).flat().slice(0, 5);
  }

  test('of both fills one database under two prefixes', async () => {
    for (const of of organizations) {
      const { status } = await call(callers[of], 'POST', `profiles/${profiles[of]}/activate`);
      expect(status).toBe(200);
    }
    for (const of of organizations) {
      await expect.poll(() => states(callers[of], profiles[of]), soon).toEqual(tables.map(() => 'Completed'));
      await expect.poll(() => differences(of), soon).toEqual([]);
    }
  });

  test('into one place is refused to the second, who learns nothing of the first', async () => {
    const place = { Name: 'Clash', DestinationPrefix: 'northwind', Entities: [{ Type: 'account' }] };
    const clash = await created('ada', description('contoso', place));
    const tried = await call('ada', 'GET', `profiles/${clash}/test`);
    expect([tried.status, tried.text]).toEqual([400, expect.stringContaining('another organization')]);
    expect((await call('ada', 'POST', `profiles/${clash}/activate`)).status).toBe(200);
    const lines = async () => {
      const { body } = await call('ada', 'GET', `profiles/${clash}/failures`);
      return (await failureLines(body.FailureBlobUri)).join('\n');
    };
    await expect.poll(lines, soon).toContain('a profile of another organization fills it in the same place');
    const ofTheirOwn =
      tried.text + (await lines()) + (await call('ada', 'GET', `profiles/${clash}?status=true`)).text;
    // The prefix is their own choice.
    expect(ofTheirOwn.replaceAll(/"DestinationPrefix":"northwind"|northwind_\w+/g, '')).not.toMatch(hidden());
    for (const named of [profiles.northwind, 'Reporting']) expect(ofTheirOwn).not.toContain(named);
    expect((await call('ada', 'DELETE', `profiles/${clash}`)).status).toBe(200);
    expect(await differences('northwind')).toEqual([]);
  });
});

describe('while one organization cannot be reached', () => {
  const workload = (changesPerSecond: number) =>
    simulator(platform(), 'POST', '/workload', { changesPerSecond, tables: ['account'] });
  const version = async () => (await simulator<{ version: number }>(platform(), 'GET')).version;
  const successes = async () => {
    const { body } = await call('ada', 'GET', `profiles/${profiles.contoso}?status=true`);
    return body.Status.SuccessNotifications as number;
  };

  async function expectContosoWorks(): Promise<void> {
    expect(await namesSeen('ada')).toEqual(['Contoso']);
    expect(await namesSeen('deploying')).toContain('Contoso');
    const paths = [
      `metadata/discover?organizationUrl=${urlOf('contoso')}`,
      `profiles?organizationId=${contosoId}`,
      `profiles/${profiles.contoso}`,
    ];
    for (const path of paths) expect([path, (await call('ada', 'GET', path)).status]).toEqual([path, 200]);
    const missing = await call('ada', 'GET', 'profiles/12345678-1234-4234-8234-123456789012');
    expect(missing.status).toBe(404);
    const [before, since] = [await successes(), await version()];
    await workload(10);
    await expect.poll(successes, soon).toBeGreaterThan(before);
    await workload(0);
    expect(await version()).toBeGreaterThan(since);
  }

  test('the other works on: its API, and its changes arrive', async () => {
    await platform().stopNorthwind();
    await expectContosoWorks();
    const entities = await call(
      'deploying',
      'GET',
      `metadata/entities?organizationUrl=${urlOf('northwind')}`,
    );
    expect([entities.status, entities.body.ErrorCode]).toEqual([500, 'DATAVERSE_UNREACHABLE']);
  });

  test('also after a restart of the app, which has not heard of it', async () => {
    platform().kill('app', 'SIGKILL');
    await platform().restart('app');
    await expectContosoWorks();
    const list = await call('ada', 'GET', `profiles?organizationId=${northwindId}`);
    expect([list.status, list.body.ErrorCode]).toEqual([500, 'DATAVERSE_UNREACHABLE']);
    expect(list.text.replaceAll(northwindId, '')).not.toMatch(hidden());
    expect((await call('nora', 'GET', `profiles/${profiles.northwind}`)).status).toBe(403);
  });

  test('it goes on when it is back', async () => {
    await platform().startNorthwind();
    await expect.poll(() => namesSeen('nora'), soon).toEqual(['Contoso', 'Northwind']);
    const change = await fetch(`${platform().northwind}/simulator/workload`, {
      method: 'POST',
      body: JSON.stringify({ changesPerSecond: 10, tables: ['account'] }),
    });
    expect(change.status).toBe(200);
    const ofNorthwind = async () =>
      (await call('nora', 'GET', `profiles/${profiles.northwind}?status=true`)).body.Status
        .SuccessNotifications;
    const before = await ofNorthwind();
    await expect.poll(ofNorthwind, soon).toBeGreaterThan(before);
  });
});
