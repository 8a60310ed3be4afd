import { expect, test } from 'vitest';
import { anyClient, errorOf, successOf } from './any-client.ts';

/**
 * Clients that do not know the length of their body before they send it: .NET's `PostAsJsonAsync` and `JsonContent`, and
 * Web API's `ObjectContent` with `TransferEncodingChunked`.
 */
const { deployment, send, description, create } = anyClient('chunked');
const chunked = { 'Content-Type': 'application/json; charset=utf-8', 'Transfer-Encoding': 'chunked' };
const sendChunked = (method: string, path: string, body: unknown, headers = {}) =>
  send(method, path, { headers: { ...chunked, ...headers }, body: JSON.stringify(body) });

test('a profile is validated, created and changed by bodies in chunks', async () => {
  const body = description();
  successOf(await sendChunked('POST', '/profiles/validate', body));
  const created = successOf(await sendChunked('POST', '/profiles', body));
  expect(created).toMatchObject({ Name: body.Name });
  const edited = { ...created, WriteDeleteLog: !created.WriteDeleteLog };
  successOf(await sendChunked('PUT', `/profiles/${created.Id}`, edited));
  const now = successOf(await send('GET', `/profiles/${created.Id}`));
  expect(now).toMatchObject({ WriteDeleteLog: edited.WriteDeleteLog });
  expect(errorOf(await sendChunked('PUT', `/profiles/${created.Id}`, edited), 412)).toBeDefined();
});

test('a client may ask whether to send its body at all', async () => {
  const expects = { Expect: '100-continue' };
  const { Id } = successOf(await sendChunked('POST', '/profiles', description(), expects));
  expect(successOf(await send('GET', `/profiles/${Id}`))).toHaveProperty('Id', Id);
});

test('a body in chunks that is too large is 400 with an object, on every route that reads one', async () => {
  const { Id } = await create();
  for (const [method, path] of [
    ['POST', '/profiles'],
    ['POST', '/profiles/validate'],
    ['PUT', `/profiles/${Id}`],
    ['POST', `/profiles/${Id}/activate`],
  ] as const) {
    const refused = errorOf(await sendChunked(method, path, 'x'.repeat(3_000_000)), 400);
    expect(refused).toMatchObject({ ErrorCode: 'REQUEST_INVALID' });
    expect(refused.Message).toContain('3000002 bytes');
  }
});

test('a large body is refused to one who may not call, in chunks or not', async () => {
  const body = 'x'.repeat(3_000_000);
  for (const encoding of [chunked, { 'Content-Length': '3000000' }])
    errorOf(await send('POST', '/profiles', { headers: { ...encoding, Authorization: '' }, body }), 401);
});

test('what is in the body or the query takes nothing from the route', async () => {
  const { Id, ...document } = await create();
  const others = { id: 'x', ID: 'x', path: 'x' };
  errorOf(await send('PUT', `/profiles/${Id}`, { body: JSON.stringify({ ...document, ...others }) }), 400);
  for (const name of ['id', 'ID', 'Id'])
    expect(successOf(await send('GET', `/profiles/${Id}?${name}=x`))).toHaveProperty('Id', Id);
  const query = `organizationId=${deployment.organizationId}`;
  // Other files make profiles meanwhile.
  const listed = successOf(await send('GET', `/profiles?${query}&id=x`));
  expect(listed).toContainEqual(successOf(await send('GET', `/profiles/${Id}`)));
});

test('the address of the service is that which was called, whatever a header claims', async () => {
  const { organizationId, organizationUrl } = deployment;
  const path = `/metadata/connector?organizationUrl=${encodeURIComponent(organizationUrl)}&organizationId=${organizationId}`;
  const honest = successOf(await send('GET', path));
  const headers = { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example;proto=http' };
  expect(successOf(await send('GET', path, { headers }))).toEqual(honest);
});
