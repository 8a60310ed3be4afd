import { beforeAll, expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { clientToken, userToken } from './callers.ts';
import { exporterClient } from './exporter-client.ts';
import { rawRequest } from './raw-request.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform({ PRIVACY_TERMS_REQUIRED: 'true' });
const metadata = '/crm/exporter/metadata';
let admin: string;
let client: Awaited<ReturnType<typeof exporterClient>>;

beforeAll(async () => {
  admin = await userToken(platform().addresses.entra, 'admin');
  client = await exporterClient(platform().addresses);
});

const organizationUrl = () => platform().addresses.dataverse;

async function send(method: string, path: string, token = admin, headers: Record<string, string> = {}) {
  const sent = { ...headers, Authorization: `Bearer ${token}` };
  const { status, text } = await rawRequest(platform().addresses.app, method, metadata + path, {
    headers: sent,
  });
  return { status, body: JSON.parse(text) };
}

const answer = (isAuthorized: string, token = admin, headers: Record<string, string> = {}) => {
  const query = `organizationUrl=${organizationUrl()}/&organizationId=${organizationId}&isAuthorized=${isAuthorized}`;
  return send('POST', `/acceptprivacyterms?${query}`, token, { 'Content-Length': '0', ...headers });
};
const isAccepted = async () =>
  (await send('GET', `/hasorgacceptedprivacyterms?organizationId=${organizationId}`)).body;

test.each([
  ['no content type', {}],
  ['JSON of no length', { 'Content-Type': 'application/json; charset=utf-8' }],
  ['text of no length', { 'Content-Type': 'text/plain; charset=utf-8' }],
])('the terms are accepted and refused without a body: %s', async (_, headers) => {
  expect(await answer('true', admin, headers)).toEqual({ status: 200, body: true });
  expect(await isAccepted()).toBe(true);
  expect(await answer('false', admin, headers)).toEqual({ status: 200, body: false });
  expect(await isAccepted()).toBe(false);
});

test('who may not manage the organization accepts nothing', async () => {
  const { entra } = platform().addresses;
  for (const token of [await userToken(entra, 'reader'), await clientToken(entra, 'ticketing')])
    expect((await answer('true', token)).status).toBe(403);
  expect(await isAccepted()).toBe(false);
});

test('every relationship that is listed is exported, as soon as the terms are accepted', async () => {
  await answer('false');
  const { body } = await send('GET', `/relationships?organizationUrl=${organizationUrl()}`);
  const names = (body as { Name: string }[]).map(({ Name }) => Name);
  expect(names).toContain('accountleads_association');
  expect(names).toEqual([...names].sort());
  const tables = (body as { IntersectLogicalName: string }[]).map((each) => each.IntersectLogicalName);
  const { Id } = await client.create(profileBody(platform(), tables));
  await expect(client.activate(Id)).rejects.toThrow(/answered 400: .*PRIVACY_TERMS_NOT_ACCEPTED/);
  await answer('true');
  expect((await client.activate(Id)).State).toBe(1);
  const states = async () =>
    (await client.get(Id)).Entities.map(({ Type, Status }) => [Type, Status?.InitialSyncState]);
  await expect
    .poll(states, { timeout: 90_000, interval: 500 })
    .toEqual(tables.map((table) => [table, 'Completed']));
});
