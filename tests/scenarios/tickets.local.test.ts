import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { webhookSecrets } from '../../local/tickets/send-webhook.ts';
import type { StoredTicket } from '../../local/tickets/ticket-store.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { workQueues } from '../../shared/adapters/storage/work-queues.ts';
import { signedHeaders } from '../../shared/model/webhook-signature.ts';
import { exporterClient } from './exporter-client.ts';
import { profileBody, runningPlatform } from './running-platform.ts';

const platform = runningPlatform();
let profileId: string;
let about: string;
let plain: string;
beforeAll(async () => {
  const client = await exporterClient(platform().addresses);
  profileId = (await client.create(profileBody(platform(), ['account']))).Id;
  about = `table:${profileId}:account`;
  plain = JSON.stringify({ ticketId: 'T-1', action: 'retouch', about });
});

const simulator = async (path: string, body: object) => {
  const response = await fetch(`${platform().addresses.tickets}/simulator${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return (await response.json()) as {
    id: string;
    webhook: { status: number; body: { operationId: string } };
  };
};
const json = async <T>(url: string) => (await (await fetch(url)).json()) as T;
const post = (system: string, body: string, headers: Readonly<Record<string, string>>) =>
  fetch(`${platform().addresses.app}/webhooks/tickets/${system}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const sign = (body: string, deliveryId: string = crypto.randomUUID(), now = new Date()) =>
  signedHeaders([webhookSecrets.json], { deliveryId, body, now });

describe('a running app', () => {
  test.each(['servicenow', 'jira', 'json'] as const)(
    'takes what %s sends when a ticket is resolved, and answers an operation',
    async (system) => {
      const { id: ticketId } = await simulator('/tickets', { system, about });
      const { webhook } = await simulator('/resolve', { system, ticketId });
      expect(webhook).toMatchObject({
        status: 202,
        body: { operationId: expect.stringMatching(/^\d{13}-/), state: 'accepted' },
      });
    },
  );

  test('writes the outcome of the operation into the ticket, once', async () => {
    const { id: ticketId } = await simulator('/tickets', { system: 'servicenow', about });
    const { webhook } = await simulator('/resolve', { system: 'servicenow', ticketId });
    const { operationId } = webhook.body;
    const account = storageAccount(
      { connectionString: platform().environment.AzureWebJobsStorage ?? '' },
      { info() {}, warn() {}, error() {} },
    );
    const { tellTicket } = workQueues(account);
    const comments = async () => {
      const { tickets } = await json<{ tickets: StoredTicket[] }>(
        `${platform().addresses.tickets}/simulator`,
      );
      return tickets.find(({ id }) => id === ticketId)?.comments.map(({ text }) => text) ?? [];
    };
    await expect
      .poll(comments, { timeout: 30_000 })
      .toContainEqual(
        expect.stringMatching(new RegExp(`^Nothing was done: .*Operation ${operationId}`, 's')),
      );
    await tellTicket.send({ about: 'operation', id: operationId, attempt: 0 });
    await sleep(3000);
    expect((await comments()).filter((text) => text.includes(operationId))).toHaveLength(1);
  });

  test('does nothing for a ticket that is not resolved', async () => {
    const { id: ticketId } = await simulator('/tickets', { system: 'servicenow', about });
    const { webhook } = await simulator('/resolve', { system: 'servicenow', ticketId, state: '2' });
    expect(webhook).toMatchObject({ status: 200, body: { message: expect.stringContaining('state 2') } });
  });

  test('gives the same delivery the same operation, of many at once, and says where to ask for it', async () => {
    const headers = sign(plain);
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('json', plain, headers)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    const [id, ...others] = new Set(bodies.map((body) => (body as { operationId: string }).operationId));
    expect(others).toEqual([]);
    expect(answers[0]?.headers.get('location')).toBe(`/automation/operations/${id}`);
    const other = plain.replace('retouch', 'retry');
    const reused = await post('json', other, sign(other, headers['x-delivery-id']));
    expect([reused.status, await reused.json()]).toMatchObject([
      409,
      { ErrorCode: 'WEBHOOK_DELIVERY_REUSED' },
    ]);
  });

  test('tells everybody who cannot sign the same', async () => {
    const calls = [
      post('json', plain, {}),
      post('nobody', plain, sign(plain)),
      post('servicenow', plain, sign(plain)),
      post('json', plain, sign(plain, 'd-1', new Date(Date.now() - 301_000))),
      post('json', `${plain} `, sign(plain)),
      post('json', 'no JSON', { ...sign(plain), 'content-type': 'text/plain' }),
      post('json', plain, { authorization: 'Bearer x' }),
    ];
    const answers = await Promise.all(
      (await Promise.all(calls)).map(async (answer) => {
        const { CorrelationId: _own, ...body } = (await answer.json()) as { CorrelationId: string };
        return [answer.status, answer.headers.get('www-authenticate'), body];
      }),
    );
    expect(answers[0]).toMatchObject([401, 'HMAC-SHA256', { ErrorCode: 'WEBHOOK_SIGNATURE_INVALID' }]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  test('tells who can sign what is wrong: the length, the type, and all of the body at once', async () => {
    const long = JSON.stringify({ ticketId: 'T-1', action: 'retouch', about, reason: 'x'.repeat(66_000) });
    const wrong = JSON.stringify({ ticketId: '', action: 'x' });
    const answers = await Promise.all([
      post('json', long, sign(long)),
      post('json', plain, { ...sign(plain), 'content-type': 'text/plain' }),
      post('json', wrong, sign(wrong)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([413, 415, 400]);
    expect(await answers[2]?.json()).toMatchObject({ Parameters: Array(3).fill(expect.any(String)) });
  });

  test('takes a call that is signed as the page shows it with openssl and curl', async () => {
    const page = readFileSync('docs/ticketing.md', 'utf8');
    const script = /```sh\n(# sign and send[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const output = execFileSync('bash', ['-euc', script], {
      encoding: 'utf8',
      env: {
        ...process.env,
        APP: platform().addresses.app,
        SECRET: webhookSecrets.json,
        PROFILE: profileId,
      },
    });
    expect(output).toMatch(/"operationId":"\d{13}-/);
  });
});
