import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import functions from '@azure/functions';
import { describe, expect, test } from 'vitest';
import { swaggerSite } from '../../../shared/adapters/swagger-ui/swagger-site.ts';
import { answerSwagger } from '../../../shared/edge/answer-swagger.ts';
import type { Door } from '../../../shared/edge/door.ts';

const site = swaggerSite(() => ({ swagger: '2.0' }));
const door: Door = {
  log: { info: () => {}, warn: () => {}, error: () => {} },
  authorizationUri: 'https://login.example/t/oauth2/authorize',
  resourceId: 'api://a',
  verifier: { verify: () => Promise.reject(new Error('nobody is asked for a token')) },
};

async function get(path: string, headers: Record<string, string> = {}) {
  const request = new functions.HttpRequest({
    method: 'GET',
    url: `https://export.example/swagger/${path}`,
    headers,
    params: path === '' ? {} : { path },
  });
  const { status, headers: answered, body } = await answerSwagger(request, door, site);
  return { status, headers: answered as Record<string, string>, body: body as Uint8Array };
}

describe('the page', () => {
  test.each(['', 'ui', 'ui/', 'UI', 'ui/index/'])('"/swagger/%s" leads to it', async (path) => {
    expect(await get(path)).toMatchObject({ status: 302, headers: { Location: '/swagger/ui/index' } });
  });

  test.each([
    ['ui/index', 'text/html; charset=utf-8', '<!doctype html>'],
    ['UI/Index', 'text/html; charset=utf-8', '<!doctype html>'],
    ['ui/page.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle({'],
    ['ui/page.css', 'text/css; charset=utf-8', 'body {'],
    ['ui/swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['ui/swagger-ui-bundle.js', 'text/javascript; charset=utf-8', '/*! For license information'],
    ['docs/2016-01-01', 'application/json; charset=utf-8', '{"swagger":"2.0"}'],
  ])('%s is served as %s', async (path, contentType, start) => {
    const { status, headers, body } = await get(path);
    expect([status, headers['Content-Type'], headers['Content-Encoding']]).toEqual([
      200,
      contentType,
      undefined,
    ]);
    expect(Buffer.from(body).toString().slice(0, 300)).toContain(start);
  });

  test('every file that it names is there', async () => {
    const html = Buffer.from((await get('ui/index')).body).toString();
    const names = [...html.matchAll(/(?:src|href)="([^".]+\.[^"/]+)"/g)].map(([, name]) => name);
    expect(names.length).toBe(5);
    for (const name of names) expect((await get(`ui/${name}`)).status, name).toBe(200);
  });

  test.each([
    'ui/index.html',
    'ui/package.json',
    'ui/../package.json',
    'ui/..%2f..%2fpackage.json',
    'ui/swagger-ui-bundle.js.map',
    'docs/2016-01-02',
    'docs',
    'constructor',
    '__proto__',
  ])('nothing else is: %s', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(404);
    expect(JSON.parse(String(body))).toMatchObject({ ErrorCode: 'REQUEST_ROUTE_UNKNOWN' });
  });

  test('it may load from its own origin only, run nothing inline, and be framed by nobody', async () => {
    for (const path of ['', 'ui/index', 'ui/page.js', 'docs/2016-01-01'])
      expect((await get(path)).headers).toMatchObject({
        'Content-Security-Policy': expect.stringMatching(/^default-src 'none'; .*frame-ancestors 'none'/),
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
      });
    expect((await get('ui/index')).headers['Content-Security-Policy']).not.toContain('unsafe');
    expect(Buffer.from((await get('ui/index')).body).toString()).not.toMatch(
      /<script>|<style| style=| on\w+=/,
    );
  });
});

describe('compression and caching', () => {
  const path = 'ui/swagger-ui.css';

  test.each([
    ['gzip, deflate, br', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['BR', 'br'],
    ['deflate', undefined],
    ['', undefined],
  ])('of "%s" it takes %s', async (accepted, encoding) => {
    const { headers } = await get(path, { 'accept-encoding': accepted });
    expect(headers['Content-Encoding']).toBe(encoding);
    expect(headers.Vary).toBe('Accept-Encoding');
  });

  test('each encoding holds the same', async () => {
    const plain = Buffer.from((await get(path)).body);
    const gzip = gunzipSync((await get(path, { 'accept-encoding': 'gzip' })).body);
    const brotli = brotliDecompressSync((await get(path, { 'accept-encoding': 'br' })).body);
    expect(gzip.equals(plain)).toBe(true);
    expect(brotli.equals(plain)).toBe(true);
  });

  test('what the browser has is not sent again, and a change is noticed', async () => {
    const { headers } = await get(path);
    expect(headers['Cache-Control']).toBe('public, max-age=300');
    const again = await get(path, { 'if-none-match': `"x", ${headers.ETag}` });
    expect([again.status, again.body]).toEqual([304, undefined]);
    expect((await get('ui/index', { 'if-none-match': headers.ETag ?? '' })).status).toBe(200);
  });
});

test('a defect is a 500 that tells nothing of itself', async () => {
  const request = new functions.HttpRequest({
    method: 'GET',
    url: 'https://export.example/swagger/x',
    params: { path: 'x' },
  });
  const answered = await answerSwagger(request, door, () => Promise.reject(new TypeError('secret')));
  expect(answered.status).toBe(500);
  expect(answered.body).not.toContain('secret');
});
