import { afterEach, expect, test } from 'vitest';
import { takeAnyHeaders } from '../../../shared/edge/take-any-headers.ts';

const known = globalThis.Request;
afterEach(() => {
  globalThis.Request = known;
});

test('a request loses headers that are none, and nothing else', async () => {
  const of = (headers: Record<string, string>) =>
    new Request('http://x/y?z', { method: 'POST', body: 'text', headers });
  expect(() => of({ 'a b': '' })).toThrow();
  takeAnyHeaders();
  const request = of({ 'a b': '', authorization: 'Bearer t' });
  expect([request.method, request.url, await request.clone().text()]).toEqual([
    'POST',
    'http://x/y?z',
    'text',
  ]);
  expect(request.headers.has('authorization')).toBe(false);
  expect(of({ authorization: 'Bearer t' }).headers.get('authorization')).toBe('Bearer t');
  expect(new Request(request)).toBeInstanceOf(known);
  expect(() => new Request('no address')).toThrow();
});
