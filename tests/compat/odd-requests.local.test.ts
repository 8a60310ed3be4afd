import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyClient, errorOf } from './any-client.ts';
import { oddBodies } from './odd-bodies.ts';

const { deployment, send, description, create } = anyClient('odd');

test('500 odd bodies are each answered with an ErrorResponse or taken, and the list can still be read', async () => {
  const kept = await create();
  const calls = [
    { method: 'POST', path: '/profiles', good: description(), errors: [400] },
    { method: 'POST', path: '/profiles/validate', good: description(), errors: [400] },
    { method: 'PUT', path: `/profiles/${kept.Id}`, good: kept, errors: [400, 412] },
  ];
  for (const { method, path, good, errors } of calls)
    await fc.assert(
      fc.asyncProperty(oddBodies(good), async (body) => {
        const call = () => send(method, path, { headers: { 'Content-Type': 'application/json' }, body });
        const first = await call();
        // A storage or an organization may fail at any moment; what the body is to blame for comes again.
        const answered = first.status === 500 ? await call() : first;
        if (answered.status !== 200) {
          expect(errors, answered.text).toContain(answered.status);
          errorOf(answered, answered.status);
        } else if (path === '/profiles') {
          const { Id } = JSON.parse(answered.text);
          expect((await send('GET', `/profiles/${Id}?status=true`)).status).toBe(200);
          expect((await send('DELETE', `/profiles/${Id}`)).status).toBe(200);
        }
      }),
      { numRuns: Math.ceil(500 / calls.length) },
    );
  expect((await send('GET', `/profiles?organizationId=${deployment.organizationId}`)).status).toBe(200);
  // An update may have given it a name by which it would not be found at the end.
  expect((await send('DELETE', `/profiles/${kept.Id}`)).status).toBe(200);
}, 300_000);

test.each([{ 'a b': '' }, { Authorization: 'a\nb' }, { Authorization: '€' }, {}])(
  'a body that puts %j in the place of the headers is one without a token',
  async (Headers) => {
    const headers = { 'Content-Type': 'application/json' };
    errorOf(await send('POST', '/profiles/validate', { headers, body: JSON.stringify({ Headers }) }), 401);
  },
);

test('300 odd queries are each answered as their route declares', async () => {
  const { organizationId, organizationUrl } = deployment;
  const names = ['organizationUrl', 'ORGANIZATIONID', 'isAuthorized', 'status', '__proto__', ''];
  const values = [
    organizationUrl,
    organizationId,
    'true',
    'false',
    '',
    '%',
    '%zz',
    '%E0%A4',
    '%00',
    '%u0041',
    '+',
  ];
  const odd = [
    ...values,
    '=',
    '&',
    ';',
    '?',
    '/../',
    'http://[',
    'https://u:p@elsewhere.example',
    "'--",
    '%F0%9F%A6%8A',
  ];
  const pair = fc
    .tuple(
      fc.constantFrom(...names),
      fc.oneof(fc.constantFrom(...odd), fc.array(fc.constantFrom(...odd), { maxLength: 3 })),
    )
    .map(([name, value]) => `${name}=${[value].flat().join('')}`);
  const routes = ['metadata/organizations', 'metadata/discover', 'metadata/connector', 'metadata/entities']
    .concat([
      'metadata/relationships',
      'metadata/hasorgacceptedprivacyterms',
      'profiles',
      'profiles/none/test',
    ])
    .map((route) => `/${route}`);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), fc.array(pair, { maxLength: 4 }), async (route, pairs) => {
      const answered = await send('GET', `${route}?${pairs.join('&')}`);
      if (answered.status === 200) return;
      expect(route.startsWith('/metadata') ? [400] : [400, 404], answered.text).toContain(answered.status);
      errorOf(answered, answered.status);
    }),
    { numRuns: 300 },
  );
});
