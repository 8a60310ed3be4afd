import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { exporterHttp } from '../../shared/adapters/exporter-http/exporter-http.ts';

const organizationId = '22222222-2222-4222-8222-222222222222';
const profileId = '55555555-5555-4555-8555-555555555555';
const tokens = { forResource: async (resource: string) => `token-for-${resource}` };

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function exporterAnswering(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return exporterHttp({ url, resource: 'api://exporter', tokens, timeoutSeconds: 1 });
}

const answering = (byPath: Record<string, unknown>) =>
  exporterAnswering((request, response) => {
    const found = byPath[request.url ?? ''];
    response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? { Message: 'none' }));
  });

const profilesPath = `/crm/exporter/profiles?organizationId=${organizationId}&status=true`;
const withProfile = (profile: object) =>
  answering({
    '/crm/exporter/metadata/organizations': [{ OrganizationId: organizationId.toUpperCase() }],
    [profilesPath]: [profile],
  });

describe('an exporter over HTTP', () => {
  it('gives the profiles of every organization with the state of each table', async () => {
    const exporter = await withProfile({
      Id: profileId,
      Name: 'Sales',
      OrganizationId: organizationId,
      State: 1,
      RetryPolicy: { MaxRetryCount: 12, IntervalInSeconds: 5, Backoff: 0 },
      Entities: [
        {
          Type: 'account',
          Settings: {},
          Status: {
            SuccessNotifications: 10,
            FailureNotifications: 2,
            LastExportDate: '2023-11-20T22:10:17',
            EntityMetadataState: 'Created',
            InitialSyncState: 'CompletedWithFailures',
          },
        },
      ],
    });
    expect(await exporter.profiles()).toEqual([
      {
        id: profileId,
        organizationId,
        name: 'Sales',
        state: 'active',
        retryPolicy: { maxRetryCount: 12, intervalSeconds: 5 },
        tables: [
          {
            name: 'account',
            initialSyncState: 'CompletedWithFailures',
            metadataState: 'Created',
            successCount: 10,
            failureCount: 2,
            lastExportAt: '2023-11-20T22:10:17.000Z',
          },
        ],
      },
    ]);
  });

  it.each([
    ['1', 'active'],
    ['Active', 'active'],
    [0, 'inactive'],
    ['Suspended', 'inactive'],
    [8, 'inactive'],
    [2, 'error'],
    [null, 'error'],
    ['whatever', 'error'],
  ])('reads the state %j as %s', async (State, state) => {
    const exporter = await withProfile({ Id: profileId, State });
    expect(await exporter.profiles()).toMatchObject([{ id: profileId, name: profileId, state }]);
  });

  it('does not know deleted profiles', async () => {
    const exporter = await withProfile({ Id: profileId, State: '3' });
    expect(await exporter.profiles()).toEqual([]);
  });

  it('takes numbers as texts, and missing or empty members for nothing', async () => {
    const exporter = await withProfile({
      Id: profileId.toUpperCase(),
      State: 1,
      RetryPolicy: null,
      Entities: [
        {},
        null,
        {
          Type: 'Lead',
          Status: { SuccessNotifications: '7', FailureNotifications: null, LastExportDate: null },
        },
        { Type: 'contact', Status: { LastExportDate: '0001-01-01T00:00:00Z' } },
        { Type: 'task' },
      ],
    });
    const [profile] = await exporter.profiles();
    expect(profile).toMatchObject({ id: profileId, retryPolicy: { maxRetryCount: 0, intervalSeconds: 0 } });
    expect(profile?.tables).toMatchObject([
      { name: 'lead', successCount: 7, failureCount: 0, lastExportAt: undefined },
      { name: 'contact', lastExportAt: undefined },
      { name: 'task', initialSyncState: 'None', metadataState: 'None' },
    ]);
  });

  it('gives the failure link, and cannot tell row versions', async () => {
    const path = `/crm/exporter/profiles/${profileId}/failures`;
    const exporter = await answering({ [path]: { FailureBlobUri: 'https://blobs.example/p?sig=x' } });
    expect(await exporter.failureLink(profileId)).toBe('https://blobs.example/p?sig=x');
    expect(await exporter.rowVersions(profileId, 'account', [])).toBeUndefined();
  });

  it.each([
    [200, '"anything"', { isPassed: true, report: '' }],
    [204, '', { isPassed: true, report: '' }],
    [400, '{"Message":"The server is away."}', { isPassed: false, report: 'The server is away.' }],
    [400, 'no JSON', { isPassed: false, report: '' }],
    [404, '', undefined],
  ])('takes %i %j for the outcome of a test', async (status, text, expected) => {
    const exporter = await exporterAnswering((_request, response) => response.writeHead(status).end(text));
    expect(await exporter.test(profileId)).toEqual(expected);
  });

  it('takes nothing else for one, and cannot tell the end of a secret or count rows', async () => {
    const exporter = await exporterAnswering((_request, response) => response.writeHead(500).end());
    await expect(exporter.test(profileId)).rejects.toMatchObject({ code: 'EXPORTER_UNREACHABLE' });
    expect(await exporter.secret(profileId)).toBeUndefined();
    expect(await exporter.rowCount(profileId, 'account')).toBeUndefined();
  });

  it('says whether a table is exported: by an active profile that names it', async () => {
    const path = `/crm/exporter/profiles/${profileId}`;
    const isExported = async (profile?: object) =>
      (await answering(profile ? { [path]: { Id: profileId, ...profile } } : {})).exports(
        profileId,
        'account',
      );
    expect(await isExported({ State: 1, Entities: [{ Type: 'Account' }] })).toBe(true);
    expect(await isExported({ State: 1, Entities: null })).toBe(true);
    expect(await isExported({ State: 1, Entities: [{ Type: 'contact' }] })).toBe(false);
    expect(await isExported({ State: 0, Entities: [{ Type: 'account' }] })).toBe(false);
    expect(await isExported()).toBe(false);
  });

  it('asks for a profile once when many rows of it are on their way, and again after a failure', async () => {
    let asked = 0;
    const exporter = await exporterAnswering((_request, response) => {
      asked += 1;
      response
        .writeHead(asked === 1 ? 503 : 200)
        .end(JSON.stringify({ Id: profileId, State: 1, Entities: [] }));
    });
    await expect(exporter.exports(profileId, 'account')).rejects.toMatchObject({
      code: 'EXPORTER_UNREACHABLE',
    });
    const calls = Array.from({ length: 100 }, () => exporter.exports(profileId, 'account'));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]));
    expect(asked).toBe(2);
  });

  it('sends a token for the resource of the exporter', async () => {
    const seen: (string | undefined)[] = [];
    const exporter = await exporterAnswering((request, response) => {
      seen.push(request.headers.authorization);
      response.end('[]');
    });
    await exporter.profiles();
    expect(seen).toEqual(['Bearer token-for-api://exporter']);
  });

  it.each([
    [401, 'EXPORTER_REFUSED'],
    [403, 'EXPORTER_REFUSED'],
    [404, 'EXPORTER_REFUSED'],
    [429, 'EXPORTER_UNREACHABLE'],
    [500, 'EXPORTER_UNREACHABLE'],
    [503, 'EXPORTER_UNREACHABLE'],
    [302, 'EXPORTER_ANSWER_UNREADABLE'],
    [204, 'EXPORTER_ANSWER_UNREADABLE'],
  ])('fails after an answer of %i with %s', async (status, code) => {
    const exporter = await exporterAnswering((_request, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end(),
    );
    await expect(exporter.profiles()).rejects.toMatchObject({ code });
  });

  it.each(['<html></html>', '', '{}', '"text"'])('calls the answer %j unreadable', async (text) => {
    const exporter = await exporterAnswering((_request, response) => response.end(text));
    await expect(exporter.profiles()).rejects.toMatchObject({ code: 'EXPORTER_ANSWER_UNREADABLE' });
    await expect(exporter.failureLink(profileId)).rejects.toMatchObject({
      code: 'EXPORTER_ANSWER_UNREADABLE',
    });
  });

  it.each([
    [[{ Type: 'account', RecordCount: 2 }], true],
    [[{ Type: 'account', RecordCount: 0 }], false],
    [[], false],
  ])('tells whether rows are exported again: %j', async (Entities, isTaken) => {
    const exporter = await answering({ [`/crm/exporter/profiles/${profileId}/resync`]: { Entities } });
    expect(await exporter.resync(profileId, 'account', ['x', 'y'])).toBe(isTaken);
    const unclear = await exporterAnswering((_request, response) => response.end('{}'));
    await expect(unclear.resync(profileId, 'account', ['x'])).rejects.toMatchObject({
      code: 'EXPORTER_ANSWER_UNREADABLE',
    });
  });

  it('fails in bounded time when the exporter is silent, and when it breaks off', async () => {
    const silent = await exporterAnswering(() => {});
    await expect(silent.profiles()).rejects.toMatchObject({ code: 'EXPORTER_UNREACHABLE' });
    const broken = await exporterAnswering((_request, response) => {
      response.write('[');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(broken.profiles()).rejects.toMatchObject({ code: 'EXPORTER_UNREACHABLE' });
    const stuck = await exporterAnswering((_request, response) => void response.write('['));
    await expect(stuck.profiles()).rejects.toMatchObject({ code: 'EXPORTER_UNREACHABLE' });
  });

  it('says nothing of the link or the answer in its errors', async () => {
    const exporter = await exporterAnswering((_request, response) =>
      response.end('{"FailureBlobUri":"no secret'),
    );
    const error = await exporter.failureLink(profileId).catch((caught: Error) => caught);
    expect(String(error)).not.toContain('secret');
  });
});

describe('profiles that are changed over HTTP', () => {
  const description = {
    Name: 'Sales',
    OrganizationId: organizationId,
    DestinationKeyVaultUri: 'https://vault.example/secrets/sales',
    Entities: [{ Type: 'account', Settings: {} }],
  };

  /** An exporter that answers each call with a status and a body, and what it was asked. */
  async function answeringEach(status: number, body: unknown) {
    const asked: [string, string, unknown][] = [];
    const exporter = await exporterAnswering(async (request, response) => {
      let text = '';
      for await (const piece of request) text += piece;
      asked.push([request.method ?? '', request.url ?? '', text === '' ? undefined : JSON.parse(text)]);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    return { exporter, asked };
  }

  it('are created, activated and deactivated by the calls of the old API', async () => {
    const { exporter, asked } = await answeringEach(201, { Id: profileId.toUpperCase() });
    expect(await exporter.createProfile(description)).toBe(profileId);
    await exporter.activate(profileId);
    await exporter.deactivate(profileId);
    expect(asked).toEqual([
      ['POST', '/crm/exporter/profiles', description],
      ['POST', `/crm/exporter/profiles/${profileId}/activate`, undefined],
      ['POST', `/crm/exporter/profiles/${profileId}/deactivate`, undefined],
    ]);
  });

  it.each([
    [
      400,
      { Message: 'Name is missing; X is wrong.' },
      'EXPORTER_REQUEST_REFUSED',
      /: Name is missing; X is wrong\./,
    ],
    [400, '<html>', 'EXPORTER_REQUEST_REFUSED', /did not say why/],
    [403, {}, 'EXPORTER_REFUSED', /answered 403/],
    [404, {}, 'PROFILE_NOT_FOUND', /has none/],
    [503, 'busy', 'EXPORTER_UNREACHABLE', /answered 503/],
  ])('that are refused with %i %j fail with its words', async (status, body, code, words) => {
    const { exporter } = await answeringEach(status, body);
    await expect(exporter.createProfile(description)).rejects.toMatchObject({ code, message: words });
    await expect(exporter.activate(profileId)).rejects.toMatchObject({ code });
  });

  it('are found by name and description, as far as the exporter tells it', async () => {
    const found = { ...description, Id: profileId, Name: 'SALES', DestinationSchemaName: 'dbo', State: 1 };
    const { exporter } = await answeringEach(200, [{ Id: 'x', Name: 'Other' }, found]);
    expect(await exporter.profileWith(organizationId, description)).toBe(profileId);
    const others = [
      { Entities: [{ Type: 'contact' }] },
      { Name: 'Sale' },
      { DestinationSchemaName: 'other' },
    ];
    for (const other of others)
      expect(await exporter.profileWith(organizationId, { ...description, ...other })).toBeUndefined();
  });
});
