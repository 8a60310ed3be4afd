import functions, { type HttpMethod } from '@azure/functions';
import { expect, test } from 'vitest';
import { answerUnknownRoute } from '../../../shared/edge/answer-unknown-route.ts';
import { ServiceError } from '../../../shared/errors.ts';

const door = {
  log: { info: () => {}, warn: () => {}, error: () => {} },
  authorizationUri: 'https://login.example/t/oauth2/authorize',
  resourceId: 'api://a',
  verifier: {
    verify: async () => ({ kind: 'user', objectId: 'a', tenantId: 't' }) as const,
  },
};

async function send(method: string, path: string, headers: Record<string, string> = {}) {
  const request = new functions.HttpRequest({
    method: method as HttpMethod,
    url: `https://export.example${path}`,
    headers: { authorization: 'Bearer good', ...headers },
  });
  const { status, headers: answered, body } = await answerUnknownRoute(request, door);
  return { status, headers: answered, body: JSON.parse(String(body)) };
}

test.each([
  ['GET', '/crm/exporter', 404],
  ['GET', '/crm/exporter/profile', 404],
  ['POST', '/crm/exporter/profiles/x/resume', 404],
  ['GET', '/crm/exporter/profiles//activate', 404],
  ['GET', '/crm/exporter/profiles//', 404],
  ['GET', '/crm/exporter/metadata', 400],
  ['GET', '/crm/exporter/metadata/entity', 400],
  ['GET', '/CRM/Exporter/Metadata/Entity', 400],
])('%s %s is no path of the API: %i', async (method, path, status) => {
  const answered = await send(method, path);
  expect(answered).toMatchObject({ status, body: { ErrorCode: 'REQUEST_ROUTE_UNKNOWN' } });
  expect(answered.body.Message).toBe(
    `Cannot answer ${method} "${path}": there is no such path; /swagger/docs/2016-01-01 lists those of the API.`,
  );
});

test.each([
  ['DELETE', '/crm/exporter/profiles', 404, 'GET or POST'],
  ['PATCH', '/crm/exporter/profiles/x', 404, 'GET or PUT or DELETE'],
  ['HEAD', '/crm/exporter/profiles/x/failures', 404, 'GET'],
  ['GET', '/crm/exporter/Profiles/x/Activate/', 404, 'POST'],
  ['POST', '/crm/exporter/aad/challenge', 404, 'GET'],
  ['OPTIONS', '/crm/exporter/metadata/entities', 400, 'GET'],
  ['GET', '/crm/exporter/metadata/acceptprivacyterms', 400, 'POST'],
])('%s %s is told what its path takes', async (method, path, status, allowed) => {
  const answered = await send(method, path);
  expect(answered.status).toBe(status);
  expect(answered.body.Message).toMatch(new RegExp(`does not take this method; allowed is ${allowed}\\.$`));
});

test('a long path is repeated in part', async () => {
  const { body } = await send('GET', `/crm/exporter/${'x'.repeat(5000)}`);
  expect(JSON.stringify(body).length).toBeLessThan(1000);
});

test('nobody is told what exists without a token', async () => {
  const refused = await send('GET', '/crm/exporter/profile', { authorization: '' });
  expect(refused).toMatchObject({ status: 401, body: { ErrorCode: 'REQUEST_TOKEN_MISSING' } });
  expect(refused.headers).toHaveProperty('WWW-Authenticate');
  const outside = {
    ...door,
    verifier: { verify: () => Promise.reject(new ServiceError('REQUEST_TOKEN_INVALID', 'Cannot.')) },
  };
  const request = new functions.HttpRequest({
    method: 'GET',
    url: 'https://export.example/crm/exporter/profile',
    headers: { authorization: 'Bearer bad' },
  });
  expect((await answerUnknownRoute(request, outside)).status).toBe(401);
});
