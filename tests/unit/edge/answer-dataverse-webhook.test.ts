import functions from '@azure/functions';
import { expect, test, vi } from 'vitest';
import { answerDataverseWebhook } from '../../../shared/edge/answer-dataverse-webhook.ts';
import type { Door } from '../../../shared/edge/door.ts';
import { ServiceError } from '../../../shared/errors.ts';
import {
  type DataverseWebhookPorts,
  takeDataverseWebhook,
} from '../../../shared/sync/take-dataverse-webhook.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const door: Door = {
  log,
  authorizationUri: 'https://login',
  resourceId: 'api://x',
  verifier: { verify: vi.fn() },
};
const oldKey = 'an-older-key-of-at-least-32-characters-1';
const newKey = 'a-newer-key-of-at-least-32-characters-02';
const organizationId = '22222222-2222-4222-8222-222222222222';
const context = JSON.stringify({
  ...{ OrganizationId: organizationId.toUpperCase(), PrimaryEntityName: 'account', MessageName: 'Update' },
});
const headers = {
  'x-ms-dynamics-organization': 'Contoso.crm4.dynamics.com',
  'x-ms-dynamics-entity-name': 'contact',
};

/** One call over the route; the key as a header or, with `code`, in the query. */
function calling(
  { key, code, body = context, more = {} }: { key?: string; code?: string; body?: string; more?: object },
  changed: Partial<DataverseWebhookPorts> = {},
) {
  const nudge = vi.fn(async () => true);
  const ports = { keys: async () => [oldKey, newKey], nudge, log, ...changed };
  const request = new functions.HttpRequest({
    method: 'POST',
    url: 'https://export.example/webhooks/dataverse',
    headers: { ...headers, ...(key !== undefined && { 'x-dataverse-export-key': key }), ...more },
    query: code === undefined ? {} : { code },
    body: { string: body },
  });
  const answer = answerDataverseWebhook(request, door, (call) => takeDataverseWebhook(call, ports));
  return { nudge, answer };
}

test.each([
  ['in its header', { key: newKey }],
  ['in its header, the older one', { key: oldKey }],
  ['as ?code=', { code: newKey }],
])('a call with a key %s nudges the table of its body', async (_, sent) => {
  const { answer, nudge } = calling(sent);
  expect(await answer).toMatchObject({ status: 200, body: '{"message":"The table is read soon."}' });
  expect(nudge.mock.calls).toEqual([[{ organization: organizationId, table: 'account' }]]);
});

test.each([
  ['no key', {}, 'it has none'],
  ['another key', { key: `${newKey}x` }, 'it is another'],
  ['an empty key', { key: '' }, 'it is another'],
  ['both keys at once', { key: `${oldKey},${newKey}` }, 'it is another'],
  ['another key as ?code=', { code: 'x' }, 'it is another'],
])(
  'a call with %s is refused, with one answer to all, and only the log is told why',
  async (_, sent, why) => {
    log.info.mockClear();
    const answers = [calling(sent), calling({ ...sent, key: 'x' }, { keys: async () => [] })];
    const texts = await Promise.all(answers.map(async ({ answer }) => answer));
    for (const { status, headers: answered } of texts) {
      expect(status).toBe(401);
      expect(answered).toMatchObject({ 'WWW-Authenticate': 'Webhook-Key' });
    }
    const [one, other] = texts.map(({ body }) => ({ ...JSON.parse(String(body)), CorrelationId: '' }));
    expect(one).toEqual(other);
    expect(answers.flatMap(({ nudge }) => nudge.mock.calls)).toEqual([]);
    const lines = log.info.mock.calls.flat().join('\n');
    expect(lines).toContain(why);
    expect(lines).toContain('none is configured');
    expect(lines).not.toMatch(/newer-key|older-key/);
  },
);

test.each([
  ['longer than is read', `{"OrganizationId":"${organizationId}","x":"${'x'.repeat(262_144)}"}`],
  ['no JSON', 'hello'],
  ['empty', ''],
  ['JSON of another kind', '{"PrimaryEntityName":{}}'],
])('of a body that is %s the headers tell the table, and the host of the organization', async (_, body) => {
  const { answer, nudge } = calling({ key: newKey, body });
  expect((await answer).status).toBe(200);
  expect(nudge.mock.calls).toEqual([[{ organization: 'contoso.crm4.dynamics.com', table: 'contact' }]]);
});

test('a call with a key is never refused: Dataverse would keep a failed system job of each', async () => {
  const more = { 'x-ms-dynamics-entity-name': "none'; drop" };
  const nameless = calling({ key: newKey, body: '{}', more });
  expect(await nameless.answer).toMatchObject({
    status: 200,
    body: '{"message":"The call names no table: nothing was done."}',
  });
  expect(nameless.nudge).not.toHaveBeenCalled();
  const foreign = calling({ key: newKey }, { nudge: async () => false });
  expect(await foreign.answer).toMatchObject({
    status: 200,
    body: '{"message":"No active profile exports the table: nothing was done."}',
  });
});

test('trouble of ours is 503, which Dataverse sends again, and tells nothing of the vault', async () => {
  const away = () =>
    Promise.reject(
      new ServiceError('SECRET_UNREACHABLE', 'Cannot read secret "hidden" of https://vault.example.'),
    );
  const answer = await calling({ key: newKey }, { keys: away }).answer;
  expect(answer.status).toBe(503);
  expect(String(answer.body)).not.toMatch(/hidden|vault\.example|SECRET/);
  const down = new ServiceError('STORAGE_UNAVAILABLE', 'Cannot reach the storage.');
  expect(await calling({ key: newKey }, { nudge: () => Promise.reject(down) }).answer).toMatchObject({
    status: 503,
  });
  const vault = vi.fn(away);
  await calling({}, { keys: vault }).answer;
  expect(vault).not.toHaveBeenCalled();
});
