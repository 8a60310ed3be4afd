import functions, { type HttpRequest } from '@azure/functions';
import { describe, expect, test } from 'vitest';
import { answer } from '../../../shared/edge/answer.ts';
import { answerChallenge } from '../../../shared/edge/answer-challenge.ts';
import { answerHealth } from '../../../shared/edge/answer-health.ts';
import { challengeHeader } from '../../../shared/edge/challenge.ts';
import type { Door } from '../../../shared/edge/door.ts';
import { runTrigger } from '../../../shared/edge/run-trigger.ts';
import { type ErrorCode, errorCodes } from '../../../shared/error-codes.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { ApiRequest } from '../../../shared/model/api-request.ts';
import { parseLikeAdal, parseLikeMsal } from './challenge-parsers.ts';

const caller = { kind: 'user', objectId: 'a', tenantId: 't' } as const;
const authority = 'https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111';
const resourceId = 'api://55555555-5555-4555-8555-555555555555';

function testDoor(): Door & { logged: string[] } {
  const logged: string[] = [];
  const line = (level: string) => (text: string) => logged.push(`${level} ${text}`);
  return {
    logged,
    log: { info: line('info'), warn: line('warn'), error: line('error') },
    authorizationUri: `${authority}/oauth2/authorize`,
    resourceId,
    verifier: {
      verify: async (token) => {
        if (token === 'good') return caller;
        throw new ServiceError('REQUEST_TOKEN_INVALID', 'Cannot accept the token: it has expired.');
      },
    },
  };
}

type Parts = {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  params?: Record<string, string>;
};

function httpRequest({
  method = 'GET',
  path = '/crm/exporter/profiles',
  headers = {},
  body,
  params = {},
}: Parts) {
  return new functions.HttpRequest({
    method,
    url: `https://export.example${path}`,
    headers: { authorization: 'Bearer good', ...headers },
    params,
    ...(body === undefined ? {} : { body: body instanceof Uint8Array ? { bytes: body } : { string: body } }),
  });
}

/** A POST whose body comes as a stream. */
function requestOf(body: ReadableStream): HttpRequest {
  return Object.defineProperty(httpRequest({ method: 'POST' }), 'body', { value: body });
}

async function seen(parts: Parts): Promise<ApiRequest> {
  let received: ApiRequest | undefined;
  const response = await answer(httpRequest(parts), testDoor(), async (request) => {
    received = request;
  });
  if (received === undefined) throw new Error(`the operation was not reached: ${response.body}`);
  return received;
}

async function failed(thrown: unknown, parts: Parts = {}, door = testDoor()) {
  const response = await answer(httpRequest(parts), door, async () => {
    throw thrown;
  });
  return {
    status: response.status,
    headers: response.headers as Record<string, string>,
    body: JSON.parse(String(response.body)),
  };
}

describe('requests', () => {
  test('query names come in lower case and values decoded, escaped in any way or not at all', async () => {
    const url = 'https://org.crm.dynamics.com/';
    for (const value of [url, encodeURIComponent(url)])
      for (const name of ['organizationUrl', 'organizationurl', 'ORGANIZATIONURL'])
        expect((await seen({ path: `/x?${name}=${value}&status=true` })).query).toEqual({
          organizationurl: url,
          status: 'true',
        });
    expect((await seen({ path: '/x?name=a+b%20c' })).query).toEqual({ name: 'a b c' });
  });

  test('the id of the route is handed on', async () => {
    expect(await seen({ params: { id: 'seven' } })).toMatchObject({ id: 'seven', caller });
    expect(await seen({})).not.toHaveProperty('id');
    // The host names it as the body or the query does, whichever names it first.
    for (const name of ['ID', 'Id'])
      expect(await seen({ params: { [name]: 'seven' } })).toHaveProperty('id', 'seven');
  });

  test.each([
    ['no content type', {}],
    ['application/json', { 'content-type': 'application/json; charset=utf-8', 'content-length': '0' }],
    ['text/plain', { 'content-type': 'text/plain; charset=utf-8' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('a POST without a body works: %s', async (_, headers) => {
    expect(await seen({ method: 'POST', headers })).not.toHaveProperty('body');
    expect(await seen({ method: 'POST', headers, body: '' })).not.toHaveProperty('body');
  });

  test('a GET with a form content type works', async () => {
    await expect(
      seen({ headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ).resolves.toBeDefined();
  });

  test('JSON is read whatever its content type, with a byte order mark or without', async () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'text/plain',
      'application/x-www-form-urlencoded',
    ])
      for (const mark of ['', '\ufeff']) {
        const { body } = await seen({
          method: 'POST',
          headers: { 'content-type': type },
          body: `${mark}{"Name":"Müller 🦊","Id":null}`,
        });
        expect(body).toEqual({ Name: 'Müller 🦊', Id: null });
      }
  });

  test.each([
    '{',
    '{"Name":"secret stuff",}',
    'Name=secret stuff',
    '<secret/>',
    "{'Name':'secret stuff'}",
    '[1,2',
  ])('malformed JSON is refused without repeating it: %s', async (text) => {
    const door = testDoor();
    const response = await answer(httpRequest({ method: 'POST', body: text }), door, async () => 'never');
    expect(response.status).toBe(400);
    expect(JSON.parse(String(response.body))).toMatchObject({ ErrorCode: 'REQUEST_INVALID' });
    expect(`${response.body}${door.logged}`).not.toContain('secret');
  });

  test('a body of more than a megabyte is refused', async () => {
    const body = `"${'x'.repeat(1_048_576)}"`;
    expect((await answer(httpRequest({ method: 'POST', body }), testDoor(), async () => 1)).status).toBe(400);
  });

  test('a body that is announced to be larger is not even read', async () => {
    const request = httpRequest({ method: 'POST', headers: { 'content-length': '1048577' }, body: '{}' });
    expect((await answer(request, testDoor(), async () => 1)).status).toBe(400);
    expect(request.bodyUsed).toBe(false);
  });

  test('a body of unknown length is read to its end, but no more than a megabyte is kept', async () => {
    const part = new Uint8Array(65_536).fill(0x20);
    const parts = (count: number) => Array.from({ length: count }, () => part);
    const streamed = (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) =>
      requestOf(ReadableStream.from(chunks));
    const kept = await answer(streamed(parts(16)), testDoor(), async ({ body }) => body ?? 'nothing');
    expect(kept).toMatchObject({ status: 200, body: '"nothing"' });
    let read = 0;
    const refused = await answer(
      streamed(
        (async function* () {
          for (const one of parts(40)) {
            read += one.length;
            yield one;
          }
        })(),
      ),
      testDoor(),
      async () => 1,
    );
    expect(JSON.parse(String(refused.body)).Message).toContain(`it has ${read} bytes; allowed are 1048576`);
    expect([refused.status, read]).toEqual([400, 40 * part.length]);
  });

  test('a body that breaks off is refused, and no defect', async () => {
    const door = testDoor();
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"secret')),
      pull: (controller) => controller.error(new Error('aborted')),
    });
    const refused = await answer(requestOf(broken), door, async () => 'never');
    expect(JSON.parse(String(refused.body))).toMatchObject({
      ErrorCode: 'REQUEST_INVALID',
      Message: 'Cannot read the body of the request: it broke off before its end.',
    });
    expect(door.logged).toEqual([expect.stringMatching(/^info /)]);
  });

  test('text that is not UTF-8 is refused', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    expect(
      (await answer(httpRequest({ method: 'POST', body: bytes }), testDoor(), async () => 1)).status,
    ).toBe(400);
  });

  test('the origin is what the caller used; forwarding headers can only raise it to https', async () => {
    const from = async (url: string, headers: Record<string, string>) => {
      let origin = '';
      const request = new functions.HttpRequest({
        method: 'GET',
        url,
        headers: { authorization: 'Bearer good', ...headers },
      });
      await answer(request, testDoor(), async (seenRequest) => {
        origin = seenRequest.origin;
      });
      return origin;
    };
    expect(await from('http://127.0.0.1:7071/x?y', {})).toBe('http://127.0.0.1:7071');
    expect(await from('http://export.example/x', { 'x-forwarded-proto': 'https' })).toBe(
      'https://export.example',
    );
    expect(await from('https://export.example/x', { 'x-forwarded-proto': 'http' })).toBe(
      'https://export.example',
    );
    expect(await from('https://export.example/x', { 'x-forwarded-host': 'evil.example' })).toBe(
      'https://export.example',
    );
    // The host takes whatever the front end says for the scheme.
    expect(await from('gopher://export.example:81/x', {})).toBe('http://export.example:81');
  });
});

describe('answers', () => {
  test.each([
    [{ Name: 'Sales' }, '{"Name":"Sales"}'],
    [[], '[]'],
    ['fine', '"fine"'],
    [true, 'true'],
    [undefined, undefined],
  ])('success is 200 with the JSON of %j', async (value, body) => {
    const response = await answer(httpRequest({}), testDoor(), async () => value);
    expect(response).toMatchObject({ status: 200, headers: { 'Cache-Control': 'no-store' } });
    expect(response.body).toBe(body);
  });

  test.each(['', 'Basic abc', 'Bearer', 'Bearer a b', 'Bearer a,b', 'Bearer bad'])(
    'authorization "%s" is answered 401 with the challenge, and nothing runs',
    async (authorization) => {
      let hasRun = false;
      const response = await answer(httpRequest({ headers: { authorization } }), testDoor(), async () => {
        hasRun = true;
      });
      expect(response.status).toBe(401);
      expect(response.headers).toMatchObject({ 'WWW-Authenticate': challengeHeader(testDoor()) });
      expect(hasRun).toBe(false);
    },
  );

  test('an error of ours is answered in the old form, with its cure', async () => {
    const error = new ServiceError('PROFILE_INVALID', 'Cannot create profile "Sales": Name is missing.', {
      parameters: ['Name'],
    });
    const { status, body } = await failed(error);
    expect(status).toBe(400);
    expect(body).toEqual({
      CorrelationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ErrorCode: 'PROFILE_INVALID',
      Message: error.message,
      Details: errorCodes.PROFILE_INVALID.cure,
      Parameters: ['Name'],
    });
  });

  test('every code is answered with a status that the route declares', async () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[])
      for (const [method, path, allowed] of [
        ['GET', '/crm/exporter/metadata/entities', [400, 401, 403, 500]],
        ['GET', '/CRM/Exporter/Metadata/entities', [400, 401, 403, 500]],
        ['POST', '/crm/exporter/profiles', [400, 401, 403, 404, 500]],
        ['PUT', '/crm/exporter/profiles/x', [400, 401, 403, 404, 412, 500]],
      ] as const)
        expect(allowed, `${code} ${path}`).toContain(
          (await failed(new ServiceError(code, 'Cannot.'), { method, path })).status,
        );
    expect((await failed(new ServiceError('PROFILE_NOT_FOUND', 'Cannot.'))).status).toBe(404);
  });

  test.each([new TypeError('password=hunter2'), 'password=hunter2', undefined, { password: 'hunter2' }])(
    'of an unforeseen error the caller learns a correlation id, which the log explains: %s',
    async (thrown) => {
      const door = testDoor();
      const { status, body } = await failed(thrown, {}, door);
      expect(status).toBe(500);
      expect(body.ErrorCode).toBe('INTERNAL');
      expect(JSON.stringify(body)).not.toMatch(/hunter2|\.ts:\d|TypeError/);
      expect(door.logged).toEqual([
        expect.stringContaining(
          `error GET /crm/exporter/profiles answered 500 INTERNAL (correlation ${body.CorrelationId})`,
        ),
      ]);
      if (thrown instanceof Error)
        expect(door.logged[0]).toMatch(/caused by TypeError.*\n.*answer\.test\.ts/);
    },
  );

  test('a message of several lines is one line in the log', async () => {
    const door = testDoor();
    await failed(new ServiceError('PROFILE_TEST_FAILED', 'Cannot.\nerror: x\r\nok: y'), {}, door);
    expect(door.logged).toEqual([expect.stringMatching(/^info .*: Cannot\. error: x ok: y$/)]);
  });

  test('the log never has a token or a query', async () => {
    const door = testDoor();
    await failed(
      new TypeError('x'),
      { path: '/x?sig=secret', headers: { authorization: 'Bearer good' } },
      door,
    );
    await failed(new ServiceError('DATAVERSE_UNREACHABLE', 'Cannot.'), { path: '/x?sig=secret' }, door);
    expect(door.logged.map((line) => line.split(' ')[0])).toEqual(['error', 'warn']);
    expect(door.logged.join()).not.toMatch(/secret|good/);
  });
});

describe('the challenge', () => {
  test('it is 401 with the exact header', () => {
    expect(answerChallenge(testDoor())).toMatchObject({
      status: 401,
      headers: {
        'WWW-Authenticate': `Bearer authorization_uri="${authority}/oauth2/authorize", resource_id="${resourceId}"`,
      },
    });
  });

  test('ADAL and MSAL read the same authority and resource from it', () => {
    const header = challengeHeader(testDoor());
    expect(parseLikeAdal(header)).toEqual({
      authorization_uri: `${authority}/oauth2/authorize`,
      resource_id: resourceId,
    });
    expect(parseLikeMsal(header)).toMatchObject({ authority, resource_id: resourceId });
  });

  test('the parsers notice what each library cannot read', () => {
    const header = challengeHeader(testDoor());
    expect(parseLikeMsal(header.replace(', ', ',')).authority).not.toBe(authority);
    expect(() => parseLikeAdal(header.replace(', ', ' '))).toThrow();
    expect(() => parseLikeAdal(header.replace('Bearer', 'Basic'))).toThrow();
  });
});

test('health is a status and one word', async () => {
  expect(await answerHealth(async () => true)).toMatchObject({ status: 200, body: 'healthy' });
  expect(await answerHealth(async () => false)).toMatchObject({ status: 503, body: 'unhealthy' });
  const broken = answerHealth(async () => {
    throw new Error('secret');
  });
  expect(await broken).toMatchObject({ status: 503, body: 'unhealthy' });
});

describe('queue and timer triggers', () => {
  const context = { functionName: 'queue-sync-table', invocationId: 'i1' };

  test('what was done is one line in the log', async () => {
    const { log, logged } = testDoor();
    await runTrigger(context, log, async () => 'table "account": 3 rows.');
    expect(logged).toEqual(['info queue-sync-table i1: table "account": 3 rows.']);
  });

  test('work that had nothing to do leaves no line', async () => {
    const { log, logged } = testDoor();
    await runTrigger(context, log, async () => undefined);
    expect(logged).toEqual([]);
  });

  test('what is thrown is logged and thrown on, so that the message becomes poison', async () => {
    const { log, logged } = testDoor();
    const bug = new TypeError('x is not a function');
    const run = runTrigger(context, log, async () => {
      throw bug;
    });
    await expect(run).rejects.toBe(bug);
    expect(logged).toEqual([expect.stringMatching(/^error queue-sync-table i1 failed: INTERNAL: TypeError/)]);
  });
});
