import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeServer, listenOnLoopback } from '../../local/loopback-server.ts';
import { deploymentTool, urlEncode } from './deployment-tool.ts';
import { generatedClient, HttpOperationException } from './generated-client.ts';

// The clients of this folder are only worth something if they fail where the real ones did.

let status = 200;
let body = '';
const requests: { url: string; method: string; headers: Readonly<Record<string, unknown>>; body: string }[] =
  [];
const server = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const { url = '', method = '', headers } = request;
  requests.push({ url, method, headers, body: Buffer.concat(parts).toString() });
  response.writeHead(status).end(body);
});
let address: string;

beforeAll(async () => {
  address = `http://127.0.0.1:${await listenOnLoopback(server, 0)}`;
});
afterAll(() => closeServer(server));

/** What a call makes of this answer, and the request that it was. */
async function answered<T>(
  answer: { status?: number; body?: unknown; text?: string },
  call: () => Promise<T>,
) {
  status = answer.status ?? 200;
  body = answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body));
  const value = await call();
  const sent = requests.at(-1);
  if (sent === undefined) throw new Error('Nothing was sent.');
  return { value, sent };
}

describe('the generated client', () => {
  const client = () => generatedClient(`${address}/`, 'token');

  test.each([201, 202, 204, 404, 405, 409, 412, 429, 503])(
    'throws on a %s of a metadata route',
    async (code) => {
      const call = answered({ status: code, body: {} }, () => client().discover('https://x/'));
      await expect(call).rejects.toThrow(HttpOperationException);
    },
  );

  test('takes a 412 of an update only', async () => {
    const { value } = await answered({ status: 412, body: { Message: 'x' } }, () =>
      client().updateProfile('1', {}),
    );
    expect(value).toEqual({ status: 412, body: { Message: 'x' } });
    await expect(answered({ status: 412, body: {} }, () => client().activate('1'))).rejects.toThrow();
  });

  test.each([
    ['a text for an error', 400, { body: 'no' }],
    ['words that are no JSON for an error', 500, { text: 'Internal Server Error' }],
    ['a list of parameters that is none', 400, { body: { Parameters: 'x' } }],
  ])('throws on %s', async (_, code, answer) => {
    await expect(answered({ status: code, ...answer }, () => client().test('1'))).rejects.toThrow();
  });

  test('does not read a 401 and a 403', async () => {
    for (const code of [401, 403])
      expect(
        (await answered({ status: code, text: '<html>' }, () => client().test('1'))).value.body,
      ).toBeNull();
  });

  test('throws on an object where it casts to text, and on text without quotes', async () => {
    for (const answer of [{ body: { Result: 'fine' } }, { body: ['fine'] }, { text: 'fine' }])
      await expect(answered(answer, () => client().test('1'))).rejects.toThrow();
    expect((await answered({ body: 'fine' }, () => client().test('1'))).value.body).toBe('fine');
    expect((await answered({}, () => client().test('1'))).value.body).toBeUndefined();
  });

  test('throws on an envelope where it reads a list, and finds nothing under other names', async () => {
    await expect(answered({ body: { value: [] } }, () => client().profiles('1'))).rejects.toThrow();
    const { value } = await answered({ body: { connectorUrl: 'x' } }, () => client().connector('x', 'y'));
    expect(value.body).toEqual({});
  });

  test('takes numbers for texts, and makes another text of one that looks like a date', async () => {
    const profile = { State: 1, Version: '2026-11-23T10:00:00Z', CreationTime: '2023-11-20T22:10:17' };
    const { value } = await answered({ body: profile }, () => client().getProfile('1'));
    expect(value.body).toMatchObject({
      State: '1',
      Version: '11/23/2026 10:00:00',
      CreationTime: expect.any(Date),
    });
  });

  test('sends what AutoRest wrote: escaped whole, no charset, no content type without a body', async () => {
    const { sent } = await answered({ body: true }, () =>
      client().acceptOrgPrivacyTerms("https://o'x/", '1', true),
    );
    expect(sent).toMatchObject({
      method: 'POST',
      url: '/crm/exporter/metadata/acceptprivacyterms?organizationUrl=https%3A%2F%2Fo%27x%2F&organizationId=1&isAuthorized=true',
      headers: { 'content-length': '0' },
      body: '',
    });
    expect(sent.headers).not.toHaveProperty('content-type');
    const when = new Date('2023-11-20T22:10:17.123Z');
    const update = await answered({ body: {} }, () => client().updateProfile('a/b', { UpdateTime: when }));
    expect(update.sent).toMatchObject({
      method: 'PUT',
      url: '/crm/exporter/profiles/a%2Fb',
      headers: { 'content-type': 'application/json' },
      body: '{\r\n  "UpdateTime": "2023-11-20T22:10:17.123+00:00"\r\n}',
    });
  });
});

describe('the deployment tool', () => {
  const connector = () => deploymentTool(address, 'token').at(address);

  test.each([
    ['a null for a date', { LastExportDate: null }],
    ['a null for a count', { TotalNotifications: null }],
    ['a count beyond 32 bits', { SuccessNotifications: 2 ** 31 }],
    ['a count as a fraction', { FailureNotifications: 0.5 }],
  ])('cannot read %s', async (_, Status) => {
    const profile = { Entities: [{ Type: 'account', Status }] };
    await expect(answered({ body: profile }, () => connector().profile('1'))).rejects.toThrow();
  });

  test('fails on anything but 2xx with the body, and on an activation that is no object', async () => {
    await expect(
      answered({ status: 400, text: 'the reason' }, () => connector().validate({})),
    ).rejects.toThrow('the reason');
    for (const answer of [{}, { body: 'x' }, { body: null }])
      await expect(answered(answer, () => connector().activate('1'))).rejects.toThrow();
  });

  test('sends an empty body with a content type, an address unescaped, and one as a form', async () => {
    const { sent } = await answered({ body: {} }, () => connector().activate('1'));
    expect(sent).toMatchObject({
      headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': '0' },
      body: '',
    });
    const entities = await answered({ body: [] }, () => connector().entities('https://o.example/'));
    expect(entities.sent.url).toBe('/crm/exporter/metadata/entities?organizationurl=https://o.example/');
    expect(urlEncode('https://o.example/ x')).toBe('https%3a%2f%2fo.example%2f+x');
  });
});
