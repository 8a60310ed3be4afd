import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { headerValues, rawRequest } from '../scenarios/raw-request.ts';
import { trialProfiles } from './trial-profiles.ts';

// Pages that came after the old service kept its models and called them with `fetch`.

const { address, tokens, tables } = inject('deployment');
const profiles = trialProfiles('browser');
const isHttps = address.startsWith('https:');
const agent = isHttps
  ? new HttpsAgent({ keepAlive: true, maxSockets: 1 })
  : new HttpAgent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

/** What Chrome sends for a call of a page of another origin; the content type is there whether or not a body is. */
async function send(method: string, path: string, content?: unknown) {
  const body = content === undefined ? undefined : JSON.stringify(content);
  const answered = await rawRequest(address, method, `/crm/exporter${path}`, {
    agent,
    headers: {
      Host: new URL(address).host,
      Connection: 'keep-alive',
      ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...(body === undefined && method === 'POST' ? { 'Content-Length': '0' } : {}),
      Authorization: `Bearer ${tokens.admin}`,
      'User-Agent':
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36',
      Accept: 'application/json, text/plain, */*',
      'Content-Type': 'application/json',
      Origin: 'https://make.powerapps.com',
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'cors',
      Referer: 'https://make.powerapps.com/',
      'Accept-Encoding': 'gzip, deflate, br',
      'Accept-Language': 'de-DE,de;q=0.9,en;q=0.8',
      Cookie: 'ARRAffinity=1',
    },
    ...(body === undefined ? {} : { body }),
  });
  const [encoding] = headerValues(answered, 'content-encoding');
  const bytes =
    encoding === 'gzip'
      ? gunzipSync(answered.bytes)
      : encoding === 'br'
        ? brotliDecompressSync(answered.bytes)
        : answered.bytes;
  const text = bytes.toString();
  return { ...answered, text, json: text === '' ? undefined : JSON.parse(text) };
}

async function successOf(answer: ReturnType<typeof send>) {
  const { status, text, json } = await answer;
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return json;
}

/** The page's own model: numbers for enumerations, an empty bag or none for the settings. */
const description = (differences: object = {}) => ({
  ...profiles.fresh(),
  DestinationSchemaName: 'dbo',
  Entities: tables.map((Type, index) => ({
    Type,
    Settings: index === 0 ? {} : null,
    PartitionStrategy: 'Month',
  })),
  RetryPolicy: { MaxRetryCount: 12, IntervalInSeconds: 5, Backoff: 0 },
  WriteDeleteLog: true,
  CountFeature: true,
  ...differences,
});

const create = (differences: object = {}) => successOf(send('POST', '/profiles', description(differences)));

describe('a page', () => {
  test('rule 13: a POST has the content type of JSON and no body', async () => {
    const { Id } = await create();
    for (const [call, State] of [
      ['activatemetadata', 1],
      ['activatedata', 1],
      ['activate', 1],
      ['deactivate', 0],
    ] as const)
      expect([call, await successOf(send('POST', `/profiles/${Id}/${call}`))]).toEqual([
        call,
        expect.objectContaining({ Id, State }),
      ]);
  });

  test('rule 15: settings are an empty bag or null in, and always a bag out', async () => {
    const { Entities } = await create();
    expect(Entities).toEqual(tables.map((Type) => ({ Type, Settings: {} })));
  });

  test('rule 16: State is a number, as it is compared with', async () => {
    const created = await create();
    expect(created).toMatchObject({ State: 0, RetryPolicy: { Backoff: 0 } });
    expect(await successOf(send('POST', `/profiles/${created.Id}/activate`))).toMatchObject({ State: 1 });
  });

  test('rule 16: numbers mean SQL, but 4 is a lake and has no place here', async () => {
    for (const DestinationType of [1, '1', 0])
      expect((await create({ DestinationType })).DestinationType).toBe('SqlAzure');
    for (const DestinationType of [4, '4', 'Adls'])
      expect((await send('POST', '/profiles', description({ DestinationType }))).status).toBe(400);
  });

  test('manages tables by a PUT and then a POST activate: what was added is exported', async () => {
    const [first = '', second = ''] = tables;
    const { Id } = await create({ Entities: [{ Type: first, Settings: null }] });
    await successOf(send('POST', `/profiles/${Id}/activate`));
    const profile = await successOf(send('GET', `/profiles/${Id}?status=true`));
    const changed = { ...profile, Entities: [...profile.Entities, { Type: second, Settings: {} }] };
    expect(await successOf(send('PUT', `/profiles/${Id}`, changed))).toMatchObject({ Id, State: 1 });
    await successOf(send('POST', `/profiles/${Id}/activate`));
    const states = async () =>
      (await successOf(send('GET', `/profiles/${Id}?status=true`))).Entities.map(
        ({ Type, Status }: { Type: string; Status: { InitialSyncState: string } }) => [
          Type,
          Status.InitialSyncState,
        ],
      );
    await expect.poll(states, { timeout: 120_000, interval: 500 }).toEqual([
      [first, 'Completed'],
      [second, 'Completed'],
    ]);
  }, 180_000);

  test('rule 17: dates are ISO 8601 in UTC, which every engine reads the same', async () => {
    const { Id } = await create();
    await successOf(send('POST', `/profiles/${Id}/activate`));
    const { text } = await send('GET', `/profiles/${Id}?status=true`);
    const dates = [...text.matchAll(/"(?:\w*(?:Date|Time)|LastModified\w*)":"([^"]*)"/g)].map(
      ([, date]) => date,
    );
    expect(dates.length).toBeGreaterThan(2);
    for (const date of dates) expect(date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  test('several calls in a row on one connection are each answered whole', async () => {
    const { Id } = await create();
    const paths = ['', '/failures', '?status=true', '/none', ''];
    const statuses = [];
    for (const path of paths) statuses.push((await send('GET', `/profiles/${Id}${path}`)).status);
    expect(statuses).toEqual([200, 200, 200, 404, 200]);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  });

  test('the answer tells the browser its type, and to keep no copy', async () => {
    const answered = await send('GET', '/metadata/organizations');
    expect(headerValues(answered, 'content-type')).toEqual(['application/json; charset=utf-8']);
    expect(headerValues(answered, 'cache-control')).toEqual(['no-store']);
    expect(headerValues(answered, 'x-content-type-options')).toEqual(['nosniff']);
  });
});
