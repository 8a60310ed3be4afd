import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Program } from '../../local/platform/start-program.ts';
import { rawAnswer, startFixtureHost } from './fixture-host.ts';

/** The local host with an app that has switched HTTP streams on. */
const folder = mkdtempSync(join(tmpdir(), 'host-streams-'));
const guid = '00000000-0000-4000-8000-00000000000a';
const largestBodyBytes = 8_000_000;
let host: Program;

beforeAll(async () => {
  host = await startFixtureHost(folder, {
    STREAMS: 'yes',
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(largestBodyBytes),
    INBOX: 'host-test-streams',
  });
});
afterAll(async () => {
  await host.stop();
  rmSync(folder, { recursive: true });
});

const log = () => readFileSync(join(folder, 'host.log'), 'utf8');
/** The first line of each; the lines of its stack may come to the file later. */
const failures = () => log().match(/ERROR http-\w+ failed: .*\n/g) ?? [];

async function echo(path: string, init: RequestInit = {}) {
  const response = await fetch(`${host.url}/api/echo/${guid}/${path}`, { method: 'POST', ...init });
  expect(response.status).toBe(201);
  return (await response.json()) as {
    url: string;
    params: Record<string, string>;
    query: Record<string, string>;
    headers: Record<string, string>;
    text: string;
  };
}

/** A body of which nobody announces the length. */
function chunked(...parts: (string | Uint8Array)[]): RequestInit {
  const body = new ReadableStream({
    start(controller) {
      for (const part of parts)
        controller.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      controller.close();
    },
  });
  return { body, duplex: 'half' } as RequestInit;
}

const head = (path: string, ...headers: string[]) =>
  [`POST /api/${path} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n');
const closing = 'connection: close';
const inChunks = 'transfer-encoding: chunked';

describe('a request', () => {
  test('reaches its function with parameters, query, headers and the raw body', async () => {
    const body = '{"n": 12345678901234567890}';
    const path = 'a%20b/c?q=1&q=2&x=%C3%BC';
    expect(await echo(path, { headers: { 'X-Some': 'Value' }, body })).toMatchObject({
      method: 'POST',
      url: `${host.url}/api/echo/${guid}/${path}`,
      params: { id: guid, rest: 'a b/c' },
      query: { q: '2', x: 'ü' },
      headers: { 'x-some': 'Value' },
      text: body,
    });
  });

  test.each<[string, RequestInit, string]>([
    ['in chunks', chunked('{"a":', '"ü"}'), '{"a":"ü"}'],
    ['in chunks of which there are none', chunked(), ''],
    ['of a known length', { body: 'hello' }, 'hello'],
    ['that is missing', {}, ''],
  ])('may have a body %s', async (_, init, text) => {
    expect((await echo('x', init)).text).toBe(text);
  });

  test('may be sent in chunks of any number and size', async () => {
    const part = 'x'.repeat(70_000);
    const { text } = await echo('x', chunked(...Array.from({ length: 50 }, () => part)));
    expect(text).toBe(part.repeat(50));
  });

  test('may ask before it sends its body, as old .NET clients do', async () => {
    const answer = await rawAnswer(
      host.url,
      `${head(`echo/${guid}/x`, closing, 'expect: 100-continue', 'content-length: 5')}hello`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
    expect(answer).toContain('"text":"hello"');
  });

  test('has members of its body and its query among the parameters, under the name that came first', async () => {
    const body = '{"ID":"of the body","rest":"of the body","Name":"x","Number":1,"List":[],"None":null}';
    expect((await echo('x?REST=of+the+query&code=secret&other=y', { body })).params).toEqual({
      ID: guid,
      rest: 'x',
      Name: 'x',
      Number: '1',
      other: 'y',
    });
    expect((await echo('x', chunked(body))).params).toEqual({ id: guid, rest: 'x' });
  });

  test('loses its headers to a member of its body or query that has their name', async () => {
    const headers = { 'x-some': 'real' };
    const forged = await echo('x', { headers, body: '{"Headers":{"x-some":"forged"}}' });
    expect(forged.headers['x-some']).toBe('forged');
    expect((await echo('x?headers=1', { headers })).headers).not.toHaveProperty('x-some');
  });

  test.each(['{"a b":""}', '{"":""}', '{"x-some":"a\\nb"}', '{"x-some":"€"}', '7'])(
    'is answered though %s, which can be no headers, stands in their place',
    async (forged) => {
      const { headers } = await echo('x', { headers: { 'x-some': 'real' }, body: `{"Headers":${forged}}` });
      expect(headers).toEqual({});
    },
  );

  test('cannot forge where it came in, nor which invocation it belongs to', async () => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-ms-invocation-id': '1',
    };
    expect((await echo('x', { headers })).url).toBe(`${host.url}/api/echo/${guid}/x`);
    const { url } = await echo('x', { headers: { ...headers, 'x-forwarded-proto': 'https, http' } });
    expect(url).toBe(`${host.url.replace('http:', 'https:')}/api/echo/${guid}/x`);
  });

  test('has its path decoded and encoded again', async () => {
    const { url, params } = await echo('%7e%41/%C3%BC%2F?q=%zz');
    expect(url).toBe(`${host.url}/api/echo/${guid}/~A/%C3%BC%252F?q=%zz`);
    expect(params.rest).toBe('~A/ü%2F');
  });
});

describe('an answer', () => {
  test('has the usual spelling of its headers, and none of the connection to the function', async () => {
    const answer = await rawAnswer(host.url, `${head('drop', closing, 'content-length: 2')}{}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('\r\nWWW-Authenticate: Bearer\r\n');
    expect(answer).not.toMatch(/keep-alive/i);
    expect(answer).toMatch(/\r\nno\r\n/);
  });

  test('has cookies', async () => {
    const response = await fetch(`${host.url}/api/echo/${guid}/x`);
    expect(response.headers.get('set-cookie')).toBe('c=a%20b; Max-Age=60; Path=/; HttpOnly; SameSite=Lax');
  });

  test.each([
    ['announced', { body: new Uint8Array(6_000_000) }],
    ['in chunks', chunked(new Uint8Array(3_000_000), new Uint8Array(3_000_000))],
  ])('comes though the function does not read the body, %s', async (_, init) => {
    const response = await fetch(`${host.url}/api/drop`, { method: 'POST', ...init });
    expect([response.status, await response.text()]).toEqual([400, 'no']);
  });

  test('is an empty 500 when the function throws', async () => {
    const response = await fetch(`${host.url}/api/fail`);
    expect([response.status, await response.text()]).toEqual([500, '']);
    await vi.waitFor(() => expect(log()).toMatch(/ERROR http-fail failed: Error: secret detail/), 10_000);
  });

  test.each([
    ['announced', `${head('drop', `content-length: ${largestBodyBytes + 1}`)}`],
    [
      'in chunks',
      `${head('drop', inChunks)}${(largestBodyBytes + 1).toString(16)}\r\n${'x'.repeat(largestBodyBytes + 1)}\r\n0\r\n\r\n`,
    ],
  ])('is a 500 when the body is larger than the host allows, %s', async (_, sent) => {
    expect(await rawAnswer(host.url, sent)).toMatch(/^HTTP\/1\.1 500 [\s\S]*connection: close/i);
  });
});

test('a running request has time to finish when the host is asked to stop', async () => {
  const stopping = await startFixtureHost(folder, { STREAMS: 'yes', INBOX: 'host-test-none' });
  const answer = fetch(`${stopping.url}/api/fail/slowly`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  stopping.kill('SIGTERM');
  expect(await (await answer).text()).toBe('late, but there');
  expect(await stopping.exited).toEqual({ code: 0, signal: null });
});

describe('a client that goes away', () => {
  const leave = (sent: string) =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(host.url);
      const socket = connect(Number(port), hostname, () => socket.write(sent));
      // Long enough to be there, too short for an answer.
      setTimeout(() => socket.destroy(), 200);
      socket.once('close', resolve);
    });

  test('in the middle of a body in chunks ends its function', async () => {
    await leave(`${head(`echo/${guid}/x`, inChunks)}5\r\nhello\r\n`);
    await vi.waitFor(
      () => expect(failures().at(-1)).toMatch(/http-echo failed: .*(aborted|terminated)/),
      10_000,
    );
  });

  test('in the middle of an announced body is not heard of by the function', async () => {
    const before = failures();
    await leave(`${head(`echo/${guid}/x`, 'content-length: 9')}hello`);
    expect((await echo('x')).text).toBe('');
    expect(failures()).toEqual(before);
  });

  test('before the answer does no harm', async () => {
    await leave('GET /api/fail/slowly HTTP/1.1\r\nhost: x\r\n\r\n');
    expect((await echo('x', { body: 'still here' })).text).toBe('still here');
  });
});
