import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import type { Program } from '../../local/platform/start-program.ts';
import { rawAnswer, startFixtureHost } from './fixture-host.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'host-'));
const notesFile = join(folder, 'notes');
const logFile = join(folder, 'host.log');
const guid = '00000000-0000-4000-8000-00000000000a';
/** The storage is shared with other tests: these queues are ours. */
const inbox = 'host-test-inbox';
let host: Program;

beforeAll(async () => {
  writeFileSync(notesFile, '');
  host = await startFixture({});
});
afterAll(async () => {
  await host.stop();
  rmSync(folder, { recursive: true });
});

const startFixture = (environment: Record<string, string>, more: string[] = []) =>
  startFixtureHost(folder, { INBOX: inbox, ...environment }, more);

type Note = { message?: unknown; dequeueCount?: number; id?: string; tick?: { isPastDue: boolean } };
function notes(about: (note: Note) => unknown): Note[] {
  const lines = readFileSync(notesFile, 'utf8').trimEnd().split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note)
    .filter(about);
}
const notesOf = (word: string) => notes(({ message }) => JSON.stringify(message)?.includes(word));

function queue(name: string) {
  return QueueServiceClient.fromConnectionString(inject('storage')).getQueueClient(name);
}
async function send(message: unknown): Promise<void> {
  await queue(inbox).createIfNotExists();
  await queue(inbox).sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
}
async function inboxLength(): Promise<number> {
  return (await queue(inbox).getProperties()).approximateMessagesCount ?? 0;
}

describe('http', () => {
  test('a request reaches its function with parameters, query, headers and the raw body', async () => {
    const response = await fetch(`${host.url}/API/Echo/${guid}/a%20b/c?q=1&q=2&x=%C3%BC`, {
      method: 'POST',
      headers: { 'X-Some': 'Value', 'content-type': 'application/json' },
      body: '{"n": 12345678901234567890}',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-answer')).toBe('yes');
    expect(response.headers.get('set-cookie')).toBe('c=a%20b; Path=/; Max-Age=60; HttpOnly; SameSite=lax');
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: `${host.url}/API/Echo/${guid}/a%20b/c?q=1&q=2&x=%C3%BC`,
      params: { id: guid, rest: 'a b/c' },
      query: { q: '1,2', x: 'ü' },
      headers: { 'x-some': 'Value' },
      text: '{"n": 12345678901234567890}',
    });
  });

  test.each([
    ['an unknown route', 'GET', '/api/nothing'],
    ['a route without its prefix', 'GET', `/echo/${guid}/x`],
    ['a parameter that breaks its constraint', 'GET', '/api/echo/12/x'],
    ['a wrong method', 'DELETE', `/api/echo/${guid}/x`],
  ])('%s is not found', async (_, method, path) => {
    expect((await fetch(host.url + path, { method })).status).toBe(404);
  });

  test('an optional parameter may be missing, and an error leaves the host as 500 without details', async () => {
    const response = await fetch(`${host.url}/api/fail`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('');
    await vi.waitFor(
      () => expect(readFileSync(logFile, 'utf8')).toMatch(/ERROR http-fail failed: Error: secret detail/),
      10_000,
    );
  });

  test('a body of more than 100 MB is refused', async () => {
    const length = 101 * 1024 * 1024;
    const answer = await rawAnswer(
      host.url,
      `POST /api/send HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 500 /);
  });

  test.each([
    ['a path with a null', `GET /api/echo/${guid}/%00 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, 400],
    [
      'a request line of more than 8 KB',
      `GET /api/echo/${'x'.repeat(8200)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      414,
    ],
    [
      'a method that no function can take',
      `TRACE /api/echo/${guid}/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      404,
    ],
  ])('%s is answered by the host itself', async (_, sent, status) => {
    expect(await rawAnswer(host.url, sent)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('without streams a body in chunks, whose length is not announced, does not arrive', async () => {
    const head = `POST /api/echo/${guid}/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`;
    const chunks = await rawAnswer(
      host.url,
      `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    );
    expect(chunks).toContain('"text":""');
    expect(await rawAnswer(host.url, `${head}content-length: 5\r\n\r\nhello`)).toContain('"text":"hello"');
  });

  test('a broken request line does not end the host', async () => {
    const { hostname, port } = new URL(host.url);
    for (const text of [
      'GET // HTTP/1.1\r\nhost: [\r\n\r\n',
      'nonsense\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
    ]) {
      await new Promise((resolve) => {
        const socket = connect(Number(port), hostname, () => socket.write(text));
        socket.once('data', () => socket.destroy()).once('close', resolve);
      });
    }
    expect((await fetch(`${host.url}/api/echo/${guid}/x`)).status).toBe(201);
  });
});

describe('queues', () => {
  test('an output binding makes the queue and sends one message for each element of an array', async () => {
    const body = JSON.stringify([{ name: 'first' }, { name: 'second' }]);
    const response = await fetch(`${host.url}/api/send`, { method: 'POST', body });
    expect(response.status).toBe(204);
    await vi.waitFor(() => expect([notesOf('first').length, notesOf('second').length]).toEqual([1, 1]), 5000);
    expect(notesOf('first')[0]).toMatchObject({ message: { name: 'first' }, dequeueCount: 1 });
    await vi.waitFor(async () => expect(await inboxLength()).toBe(0), 10_000);
  });

  test('a failed message comes again, until it succeeds', async () => {
    await send({ name: 'third time', failUntil: 3 });
    await vi.waitFor(
      () => expect(notesOf('third time').map((note) => note.dequeueCount)).toEqual([1, 2, 3]),
      10_000,
    );
    await vi.waitFor(async () => expect(await inboxLength()).toBe(0), 10_000);
    expect(await queue(`${inbox}-poison`).exists()).toBe(false);
  });

  test('a message that fails to the last attempt becomes poison, as it was', async () => {
    await send({ name: 'hopeless', fail: true });
    await vi.waitFor(async () => expect(await queue(`${inbox}-poison`).exists()).toBe(true), 10_000);
    const poison = await vi.waitFor(async () => {
      const [message] = (await queue(`${inbox}-poison`).receiveMessages()).receivedMessageItems;
      expect(message).toBeDefined();
      return message;
    }, 10_000);
    expect(Buffer.from(poison?.messageText ?? '', 'base64').toString()).toBe(
      '{"name":"hopeless","fail":true}',
    );
    expect(notesOf('hopeless')).toHaveLength(3);
  });

  test('a message in another encoding becomes poison without an attempt', async () => {
    await queue(inbox).sendMessage('{"name":"plain"}');
    await vi.waitFor(async () => {
      const { peekedMessageItems } = await queue(`${inbox}-poison`).peekMessages({ numberOfMessages: 8 });
      expect(peekedMessageItems.map((message) => message.messageText)).toContain('{"name":"plain"}');
    }, 5000);
    expect(notesOf('plain')).toHaveLength(0);
  });

  test('the lease of a message is renewed while its function runs', async () => {
    await send({ name: 'long', milliseconds: 5000 });
    await vi.waitFor(() => expect(notesOf('long')).toHaveLength(1), 5000);
    await vi.waitFor(async () => expect(await inboxLength()).toBe(0), { timeout: 10_000, interval: 200 });
    expect(notesOf('long')).toHaveLength(1);
  }, 20_000);

  test('a message whose host was killed comes again when its lease ends', async () => {
    const other = await startFixture({ INBOX: 'host-test-other' });
    await queue('host-test-other').createIfNotExists();
    await queue('host-test-other').sendMessage(
      Buffer.from('{"name":"orphan","milliseconds":1500}').toString('base64'),
    );
    await vi.waitFor(() => expect(notesOf('orphan')).toHaveLength(1), 5000);
    other.kill('SIGKILL');
    await other.exited;
    const next = await startFixture({ INBOX: 'host-test-other' });
    await vi.waitFor(
      () => expect(notesOf('orphan').map((note) => note.dequeueCount)).toEqual([1, 2]),
      10_000,
    );
    await next.stop();
  });
});

describe('timers', () => {
  test('fire by their schedule, with six fields', async () => {
    const ticking = await startFixture({
      TICK_SCHEDULE: '* * * * * *',
      INBOX: 'host-test-none',
      FAIL_TIMER: 'yes',
    });
    await vi.waitFor(() => expect(notes((note) => note.tick).length).toBeGreaterThanOrEqual(2), 5000);
    await ticking.stop();
    expect(notes((note) => note.tick)[0]?.tick).toMatchObject({
      isPastDue: false,
      schedule: { adjustForDST: true },
    });
  });

  test.each(['*/5 * * * *', '0 0 0 L * *', '0 0 0 ? * *', '0 0 0 * * 1#2'])(
    'schedule "%s" is refused at start',
    async (schedule) => {
      await expect(startFixture({ TICK_SCHEDULE: schedule })).rejects.toThrow('no NCRONTAB expression');
    },
  );
});

describe('the admin address', () => {
  const admin = (name: string, body?: string) =>
    fetch(`${host.url}/admin/functions/${name}`, { method: 'POST', ...(body ? { body } : {}) });

  test('fires a timer at once', async () => {
    const before = notes((note) => note.tick).length;
    expect((await admin('Timer-Tick')).status).toBe(202);
    await vi.waitFor(() => expect(notes((note) => note.tick).length).toBe(before + 1), 10_000);
  });

  test('gives a message to a queue function', async () => {
    expect((await admin('queue-inbox', JSON.stringify({ input: '{"name":"by hand"}' }))).status).toBe(202);
    await vi.waitFor(() => expect(notesOf('by hand')).toHaveLength(1), 5000);
  });

  test.each([
    ['nothing', undefined, 404],
    ['http-echo', undefined, 400],
    ['queue-inbox', '{', 400],
  ])('for %s with body %s answers %s', async (name, body, status) => {
    expect((await admin(name, body)).status).toBe(status);
  });
});

describe('the program', () => {
  test('gives a running request time to finish when it is asked to stop', async () => {
    const stopping = await startFixture({ INBOX: 'host-test-none' });
    const answer = fetch(`${stopping.url}/api/fail/slowly`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    stopping.kill('SIGTERM');
    expect(await (await answer).text()).toBe('late, but there');
    expect(await stopping.exited).toEqual({ code: 0, signal: null });
  });

  test.each([
    ['a setting that its schedule names is missing', { TICK_SCHEDULE: '' }, [], 'TICK_SCHEDULE is missing'],
    ['the folder is missing', {}, ['--path', '/nowhere'], 'it does not exist'],
    ['the bundle is missing', {}, ['--from', 'bundle', '--path', '/nowhere'], 'run "npm run build" first'],
    ['nothing is registered', {}, ['--path', join(project, 'docs')], 'it registered none'],
    ['the form is unknown', {}, ['--from', 'air'], 'sources or bundle is expected'],
  ])('ends and says why when %s', async (_, environment, args, text) => {
    await expect(startFixture(environment as Record<string, string>, args)).rejects.toThrow(text);
  });
});
