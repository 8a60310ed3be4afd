import functions, { type HttpRequest } from '@azure/functions';
import { expect, test, vi } from 'vitest';
import {
  type TicketWebhookPorts,
  takeTicketWebhook,
} from '../../../shared/automation/take-ticket-webhook.ts';
import { answerTicketWebhook } from '../../../shared/edge/answer-ticket-webhook.ts';
import type { Door } from '../../../shared/edge/door.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { anOperation } from '../../contracts/operations.ts';
import { signedCall } from '../automation/webhook-world.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const door: Door = {
  log,
  authorizationUri: 'https://login',
  resourceId: 'api://x',
  verifier: { verify: vi.fn() },
};
const operation = anOperation(new Date('2026-11-28T10:00:00Z'), { rows: { healed: 2 }, message: 'Runs.' });

function requestOf(body: string | ReadableStream, headers: Record<string, string> = {}): HttpRequest {
  const request = new functions.HttpRequest({
    method: 'POST',
    url: 'https://export.example/webhooks/tickets/json',
    headers,
    // The host mixes members of the body in, and the first spelling wins.
    params: { System: 'json', action: 'retouch' },
    ...(typeof body === 'string' ? { body: { string: body } } : {}),
  });
  return typeof body === 'string'
    ? request
    : ({
        ...request,
        method: 'POST',
        url: request.url,
        headers: request.headers,
        params: request.params,
        body,
      } as unknown as HttpRequest);
}
const bytes = (count: number) => 'x'.repeat(count);
const inChunks = (text: string) => new Blob([text]).stream();

test('an operation is 202 with its state and where to ask for it; nothing to do is 200', async () => {
  const take = vi.fn(async () => ({ operation }));
  const answer = await answerTicketWebhook(requestOf('{"a":1}', { 'x-delivery-id': 'd' }), door, take);
  expect(answer).toMatchObject({
    status: 202,
    headers: { Location: `/automation/operations/${operation.id}` },
  });
  expect(JSON.parse(String(answer.body))).toEqual({
    ...{ operationId: operation.id, state: 'accepted', message: 'Runs.', rows: { healed: 2 } },
  });
  const [call] = take.mock.calls[0] as unknown as [
    { system: string; body: Uint8Array; header(name: string): string },
  ];
  expect([call.system, Buffer.from(call.body).toString(), call.header('x-delivery-id')]).toEqual([
    'json',
    '{"a":1}',
    'd',
  ]);

  const nothing = await answerTicketWebhook(requestOf('{}'), door, async () => ({ nothing: 'It is over.' }));
  expect(nothing).toMatchObject({ status: 200, body: '{"message":"It is over."}' });
});

test('64 KB are taken, announced or in chunks; one byte more is 413 before anything else is looked at', async () => {
  const take = vi.fn(async () => ({ nothing: '' }));
  for (const body of [bytes(65_536), inChunks(bytes(65_536))])
    expect(await answerTicketWebhook(requestOf(body), door, take)).toMatchObject({ status: 200 });
  expect(take).toHaveBeenCalledTimes(2);
  for (const request of [
    requestOf(bytes(65_537)),
    requestOf(inChunks(bytes(65_537))),
    requestOf('', { 'content-length': '999999999' }),
  ])
    expect(await answerTicketWebhook(request, door, take)).toMatchObject({ status: 413 });
  expect(take).toHaveBeenCalledTimes(2);
});

test('who is not let in is sent to no sign-in page', async () => {
  const refuse = async () => {
    throw new ServiceError('WEBHOOK_SIGNATURE_INVALID', 'Cannot take the call: it is not signed.');
  };
  const answer = await answerTicketWebhook(requestOf('{}'), door, refuse);
  expect(answer).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': 'HMAC-SHA256' } });
  expect(JSON.stringify(answer)).not.toContain('https://login');
});

test('a vault that is away is no secret’s and no vault’s name to the caller', async () => {
  const away = new ServiceError(
    'SECRET_UNREACHABLE',
    'Cannot read secret "hidden" of https://vault.example.',
  );
  const ports = { secretsOf: () => Promise.reject(away) } as unknown as TicketWebhookPorts;
  const answer = await answerTicketWebhook(requestOf('{}'), door, () =>
    takeTicketWebhook(signedCall(), ports),
  );
  expect(answer.status).toBe(500);
  expect(String(answer.body)).not.toMatch(/hidden|vault\.example|SECRET/);
  expect(log.error).toHaveBeenCalledWith(expect.stringContaining('hidden'));
});
