import { beforeAll, describe, expect, test } from 'vitest';
import { anyClient, errorOf, successOf } from './any-client.ts';

const { deployment, send, post, description, create } = anyClient('answers');
const { organizationId, organizationUrl, tables } = deployment;
const unknownId = '12345678-1234-4234-8234-123456789012';
const organization = `organizationUrl=${encodeURIComponent(organizationUrl)}&organizationId=${organizationId}`;

type Kind = 'a list' | 'an object' | 'a text or nothing' | 'a boolean';
const kindOf = (text: string) => {
  if (text === '') return 'a text or nothing';
  const value = JSON.parse(text);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object'
    ? 'an object'
    : typeof value === 'boolean'
      ? 'a boolean'
      : 'a text or nothing';
};

/** The seven operations on metadata and the twelve on profiles, in an order in which each can succeed. */
const operations = (id: string): [method: string, path: string, kind: Kind][] => [
  ['GET', '/metadata/organizations', 'a list'],
  ['GET', `/metadata/discover?${organization}`, 'an object'],
  ['GET', `/metadata/connector?${organization}`, 'an object'],
  ['GET', `/metadata/entities?${organization}`, 'a list'],
  ['GET', `/metadata/relationships?${organization}`, 'a list'],
  ['GET', `/metadata/hasorgacceptedprivacyterms?${organization}`, 'a boolean'],
  ['GET', `/profiles?${organization}`, 'a list'],
  ['POST', '/profiles', 'an object'],
  ['POST', '/profiles/validate', 'a text or nothing'],
  ['GET', `/profiles/${id}`, 'an object'],
  ['GET', `/profiles/${id}/test`, 'a text or nothing'],
  ['GET', `/profiles/${id}/failures`, 'an object'],
  ['PUT', `/profiles/${id}`, 'an object'],
  ['POST', `/profiles/${id}/activatemetadata`, 'an object'],
  ['POST', `/profiles/${id}/activatedata`, 'an object'],
  ['POST', `/profiles/${id}/activate`, 'an object'],
  ['POST', `/profiles/${id}/deactivate`, 'an object'],
  ['DELETE', `/profiles/${id}`, 'a text or nothing'],
];

let profile: { Id: string; Name: string };

beforeAll(async () => {
  profile = await create();
});

describe('every operation', () => {
  test('rule 1: a success is 200, with the kind of JSON that its clients cast to', async () => {
    const own = await create();
    for (const [method, path, kind] of operations(own.Id)) {
      const isDescribed = method === 'POST' && /^\/profiles(\/validate)?$/.test(path);
      const body = method === 'PUT' ? own : isDescribed ? description() : undefined;
      const answered = await (body === undefined ? send(method, path) : post(path, body, method));
      expect([method, path, answered.status, kindOf(answered.text)]).toEqual([method, path, 200, kind]);
    }
  });

  test('rule 2: a call that asks for what is not there gets a status that its route declares', async () => {
    for (const [method, path, status] of [
      ['GET', '/metadata/discover', 400],
      ['GET', '/metadata/connector', 400],
      ['GET', `/metadata/connector?organizationUrl=${organizationUrl}&organizationId=${unknownId}`, 400],
      ['GET', '/metadata/entities?organizationUrl=https://elsewhere.example', 400],
      ['GET', '/metadata/entities?organizationUrl=%25%E0%A4', 400],
      ['GET', '/metadata/relationships?organizationUrl=', 400],
      ['GET', '/metadata/hasorgacceptedprivacyterms', 400],
      ['GET', `/metadata/hasorgacceptedprivacyterms?organizationId=${unknownId}`, 400],
      ['POST', `/metadata/acceptprivacyterms?${organization}`, 400],
      ['POST', `/metadata/acceptprivacyterms?${organization}&isAuthorized=perhaps`, 400],
      ['GET', '/profiles', 400],
      ['GET', `/profiles?organizationId=${unknownId}`, 400],
      ['GET', `/profiles?organizationId=${organizationId}&organizationId=${organizationId}`, 400],
      ['GET', `/profiles?organizationId=${organizationId}&status=maybe`, 400],
      ['POST', '/profiles', 400],
      ['POST', '/profiles/validate', 400],
      ['PUT', '/profiles/ID', 400],
      ...['', '/test', '/failures'].map((rest) => ['GET', `/profiles/${unknownId}${rest}`, 404] as const),
      ...['activate', 'activatemetadata', 'activatedata', 'deactivate'].map(
        (call) => ['POST', `/profiles/${unknownId}/${call}`, 404] as const,
      ),
      ['DELETE', `/profiles/${unknownId}`, 404],
      ['PUT', `/profiles/${unknownId}`, 404],
      ['GET', '/profiles/not%20a%2Fguid/test', 404],
    ] as const)
      errorOf(await send(method, path.replace('ID', profile.Id)), status);
  });

  test('rule 2: a document of an older version is 412 on PUT and on no other route', async () => {
    const { Id } = await create();
    const document = successOf(await send('GET', `/profiles/${Id}`));
    const edited = { ...document, WriteDeleteLog: false };
    successOf(await post(`/profiles/${Id}`, edited, 'PUT'));
    expect(errorOf(await post(`/profiles/${Id}`, edited, 'PUT'), 412).ErrorCode).toBe('PROFILE_CHANGED');
    const now = successOf(await send('GET', `/profiles/${Id}`));
    expect(now).toMatchObject({ WriteDeleteLog: false, UpdateTime: expect.any(String) });
    expect(now.Version).not.toBe(document.Version);
  });

  test('of many updates of one version at the same moment exactly one is taken', async () => {
    const document = await create();
    const answers = await Promise.all(
      [1, 2, 3, 4, 5].map((MaxRetryCount) =>
        post(`/profiles/${document.Id}`, { ...document, RetryPolicy: { MaxRetryCount } }, 'PUT'),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
  });

  test.each([
    ['half an object', '{"Name":"x"'],
    ['two objects', '{}{}'],
    ['a comment', '{/* x */}'],
    ['HTML', '<html></html>'],
    ['half a character', Buffer.from([0x7b, 0x22, 0xc3, 0x22, 0x7d])],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le')],
    ['too long a text', `"${'x'.repeat(1_100_000)}"`],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a text', '"profile"'],
    ['a number', '7'],
    ['very deep lists', '['.repeat(5000) + ']'.repeat(5000)],
  ])('rule 3: a body that is %s is 400 with an object, and not repeated', async (_, body) => {
    for (const [method, path] of [
      ['POST', '/profiles'],
      ['POST', '/profiles/validate'],
      ['PUT', `/profiles/${profile.Id}`],
    ] as const) {
      const { ErrorCode, Message } = errorOf(await send(method, path, { body }), 400);
      expect(['REQUEST_INVALID', 'PROFILE_INVALID']).toContain(ErrorCode);
      expect(Message.length).toBeLessThan(1000);
    }
  });
});

describe('odd requests', () => {
  test('rule 11: an address escaped in any way, or not at all, with a slash at its end or without', async () => {
    const bare = organizationUrl.replace(/\/$/, '');
    const forms = [bare, `${bare}/`].flatMap((url) => [
      url,
      encodeURIComponent(url),
      encodeURIComponent(url).toLowerCase(),
      encodeURIComponent(url).replaceAll('.', '%2E'),
      `+${new URLSearchParams({ url }).toString().slice(4)}+`,
      `%20${url}%20`,
      url.toUpperCase(),
    ]);
    for (const form of forms)
      for (const route of ['discover', 'entities', 'relationships'])
        expect([form, (await send('GET', `/metadata/${route}?organizationurl=${form}`)).status]).toEqual([
          form,
          200,
        ]);
  });

  test('rule 13: a call without a body works with every header that speaks of one', async () => {
    const { Id } = await create();
    const type = (name: string) => ({ 'Content-Type': name });
    for (const headers of [
      { 'Content-Length': '0' },
      { ...type('application/json; charset=utf-8'), 'Content-Length': '0' },
      type('application/json'),
      { ...type('application/json'), 'Transfer-Encoding': 'chunked' },
      { ...type('text/plain; charset=utf-8'), 'Content-Length': '0' },
      { ...type('application/x-www-form-urlencoded'), 'Content-Length': '0' },
      { ...type('nonsense'), Accept: 'text/xml' },
    ])
      for (const call of ['activate', 'deactivate'])
        expect(successOf(await send('POST', `/profiles/${Id}/${call}`, { headers }))).toMatchObject({ Id });
    // And so with a body that nobody asked for.
    expect(successOf(await post(`/profiles/${Id}/activate`, {}))).toMatchObject({ State: 1 });
  });

  test('rule 16: enumerations are names in any case, numbers and numbers in text', async () => {
    const typeOf = async (DestinationType: unknown) => (await create({ DestinationType })).DestinationType;
    for (const sql of ['sqlazure', 'SQLAZURE', 'SqlServer', 1, '1', null])
      expect(await typeOf(sql)).toBe('SqlAzure');
    expect(await typeOf('postgresql')).toBe('PostgreSql');
    for (const Backoff of ['simple', 'SIMPLE', 0, '0'])
      expect((await create({ RetryPolicy: { Backoff } })).RetryPolicy.Backoff).toBe(0);
  });

  test('names that every object of JavaScript has are members like any other', async () => {
    const Settings = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' };
    const body = `{"__proto__":{"Name":"x"},"constructor":null,${JSON.stringify(
      description({ Entities: [{ Type: tables[0], Settings }] }),
    ).slice(1)}`;
    const { Id } = successOf(await send('POST', '/profiles', { body }));
    expect(successOf(await send('GET', `/profiles/${Id}`)).Entities).toEqual([{ Type: tables[0], Settings }]);
    const proto = description({ Entities: [{ Type: tables[0], Settings: JSON.parse('{"__proto__":"x"}') }] });
    expect(errorOf(await post('/profiles', proto), 400).Message).toContain('__proto__');
  });

  test('a profile that is taken can be changed and deleted, however much it holds', async () => {
    const settings = (characters: number) => ({
      Entities: [{ Type: tables[0], Settings: { note: '\u0001'.repeat(characters) } }],
    });
    errorOf(await post('/profiles', description(settings(1_048_576))), 400);
    errorOf(await post('/profiles', description(settings(40_000))), 400);
    const profile = await create(settings(33_000));
    successOf(await post(`/profiles/${profile.Id}`, profile, 'PUT'));
    successOf(await send('POST', `/profiles/${profile.Id}/activate`));
    successOf(await send('DELETE', `/profiles/${profile.Id}`));
  });
});

describe('profiles', () => {
  test('what was created is told whole, with the presets of what was left out', async () => {
    const { RetryPolicy: _, WriteDeleteLog: __, DestinationSchemaName: ___, ...body } = description();
    const created = successOf(await post('/profiles', body));
    const dates = { CreationTime: expect.any(String), LastModified: expect.any(String) };
    expect(created).toEqual({
      ...body,
      ...dates,
      Id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      OrganizationUrl: `${organizationUrl.replace(/\/$/, '')}/`,
      Version: '1',
      State: 0,
      DestinationSchemaName: 'dbo',
      RetryPolicy: { MaxRetryCount: 12, IntervalInSeconds: 5, Backoff: 0 },
      WriteDeleteLog: false,
    });
    expect(successOf(await send('GET', `/profiles/${created.Id}`))).toEqual(created);
  });

  test('nothing is null, and the list says what each profile says', async () => {
    const { Id } = await create();
    await send('POST', `/profiles/${Id}/activate`);
    await send('POST', `/profiles/${Id}/deactivate`);
    const answered = await send('GET', `/profiles/${Id}?status=true`);
    expect(answered.text).not.toContain('null');
    const list = `/profiles?organizationId=${organizationId.toUpperCase()}&organizationUrl=ignored&status=true`;
    expect(successOf(await send('GET', list))).toContainEqual(successOf(answered));
  });

  test('of several creates of one name at the same moment one wins, and delete frees the name at once', async () => {
    const { Name } = description();
    const race = (name: string) =>
      Promise.all([1, 2, 3, 4].map(() => post('/profiles', description({ Name: name }))));
    const answers = await race(Name);
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const loser of answers.filter(({ status }) => status !== 200))
      expect(errorOf(loser, 400).ErrorCode).toBe('PROFILE_NAME_TAKEN');
    errorOf(await post('/profiles', description({ Name: ` ${Name.toUpperCase()} ` })), 400);
    const [winner] = winners;
    successOf(await send('DELETE', `/profiles/${JSON.parse(winner?.text ?? '{}').Id}`));
    expect((await race(Name.toUpperCase())).filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('one can be deleted while it replicates, and made again at once in the same place', async () => {
    const body = description();
    for (let round = 0; round < 3; round += 1) {
      const { Id } = successOf(await post('/profiles', body));
      const activations = [1, 2, 3].map(() => send('POST', `/profiles/${Id}/activate`));
      for (const answered of await Promise.all(activations))
        expect(successOf(answered)).toMatchObject({ State: 1 });
      const statuses = async () =>
        successOf(await send('GET', `/profiles/${Id}?status=true`)).Entities.map(
          ({ Status }: { Status: object }) => Status,
        );
      const completed = expect.objectContaining({ InitialSyncState: 'Completed', FailureNotifications: 0 });
      if (round > 0)
        await expect.poll(statuses, { timeout: 120_000, interval: 500 }).toEqual(tables.map(() => completed));
      successOf(await send('DELETE', `/profiles/${Id}`));
    }
  }, 300_000);
});

describe('the failure link', () => {
  test('lists and reads the container of its profile, and nothing more', async () => {
    const { Id } = await create();
    const linkOf = async (id: string) =>
      new URL(successOf(await send('GET', `/profiles/${id}/failures`)).FailureBlobUri);
    const link = await linkOf(Id);
    const other = await linkOf(profile.Id);
    const hours = (Date.parse(link.searchParams.get('se') ?? '') - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThanOrEqual(24.01);
    const at = (path: string, more: string, init?: RequestInit) =>
      fetch(`${link.origin}${path}${link.search}${more}`, init);
    const list = '&restype=container&comp=list';
    const listed = await at(link.pathname, list);
    expect([listed.status, await listed.text()]).toEqual([200, expect.stringContaining('<Blobs')]);
    const blob = { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } };
    for (const refused of [
      await at(other.pathname, list),
      await at(`${link.pathname}/failurelog/new.log`, '', blob),
      await at(link.pathname, '&restype=container', { method: 'DELETE' }),
      await at(link.pathname.replace(/\/[^/]+$/, '/'), '&comp=list'),
    ])
      expect(refused.status).toBe(403);
    expect((await at(`${link.pathname}/failurelog/new.log`, '')).status).toBe(404);
  });
});
