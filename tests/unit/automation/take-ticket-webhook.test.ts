import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { correlationIdOf, selectionOf } from '../../../shared/model/ticket-subject.ts';
import { jiraCall, plainBody, profileId, secret, signedCall, start, webhookWorld } from './webhook-world.ts';

const refusal = { code: 'WEBHOOK_SIGNATURE_INVALID' };
const minute = 60_000;

describe('a call that is signed as expected', () => {
  test('becomes an operation that names its ticket, and its message is sent', async () => {
    const { take, operationsOf, world } = webhookWorld();
    const taken = await take(signedCall());
    const [operation] = await operationsOf();
    expect(taken).toEqual({ operation });
    expect(operation).toMatchObject({
      request: { kind: 'retouch-failures', selection: selectionOf(profileId, { table: 'account' }) },
      state: 'accepted',
      requestedBy: 'json',
      requestedAt: '2026-11-28T10:00:00.000Z',
      ticket: { system: 'json', ticketId: 'T-1' },
    });
    expect(world.started).toEqual([operation?.id]);
  });

  test('is taken with any of the secrets, in hexadecimal or Base64, beside signatures of others', async () => {
    const secrets = ['old-Secret-1234567890', 'new-Secret-1234567890'];
    const { take, operationsOf } = webhookWorld({ json: secrets });
    for (const one of secrets) await take(signedCall({ secrets: [one] }));
    await take(signedCall({ secrets: ['unknown-Secret-123456', ...secrets] }));
    const call = signedCall({ secrets: [secrets[1] ?? ''] });
    const hex = call.header('x-signature')?.slice(3) ?? '';
    const base64 = `v0=abc, v1=${Buffer.from(hex, 'hex').toString('base64')}`;
    await take({ ...call, header: (name) => (name === 'x-signature' ? base64 : call.header(name)) });
    expect(await operationsOf()).toHaveLength(4);
    await expect(take(signedCall({ secrets: ['gone-Secret-1234567890'] }))).rejects.toMatchObject(refusal);
  });

  test('may come from a clock that is five minutes off, either way, and no further', async () => {
    const { take, world } = webhookWorld();
    for (const off of [-5, 5]) {
      await expect(take(signedCall({ at: start + off * minute }))).resolves.toBeDefined();
      const further = start + off * minute + Math.sign(off) * 1000;
      await expect(take(signedCall({ at: further }))).rejects.toMatchObject(refusal);
    }
    const call = signedCall();
    world.now += 6 * minute;
    await expect(take(call)).rejects.toMatchObject(refusal);
  });
});

describe('a call that is not', () => {
  test('is refused in the same words, whatever it lacks, and no secret or body is logged', async () => {
    const { take, log, operationsOf } = webhookWorld({ servicenow: [] });
    const without = (name: string) => {
      const call = signedCall();
      return { ...call, header: (one: string) => (one === name ? null : call.header(one)) };
    };
    const calls = [
      ...['x-signature', 'x-signature-timestamp', 'x-delivery-id'].map(without),
      signedCall({ secrets: ['wrong-Secret-1234567890'] }),
      signedCall({ secrets: [''] }),
      signedCall({ at: start - 10 * minute }),
      signedCall({ headers: { 'x-signature': 'v1=' } }),
      signedCall({ headers: { 'x-signature': `v1=${'0'.repeat(64)}` } }),
      signedCall({ headers: { 'x-signature': `v1=${'0'.repeat(62)}` } }),
      signedCall({ headers: { 'x-delivery-id': 'another' } }),
      signedCall({ headers: { 'x-delivery-id': 'with space' } }),
      signedCall({ headers: { 'x-signature-timestamp': `${start / 1000 + 1}` } }),
      ...['servicenow', 'nobody', '', 'JSON', '__proto__', 'constructor'].map((system) =>
        signedCall({ system }),
      ),
      { ...signedCall(), body: Buffer.from('not even JSON') },
    ];
    const messages = new Set<string>();
    for (const call of calls) {
      const error = await take(call).catch((thrown: Error) => thrown);
      expect(error).toMatchObject(refusal);
      messages.add((error as Error).message);
    }
    expect(messages.size).toBe(1);
    expect(await operationsOf()).toEqual([]);
    const logged = JSON.stringify([log.info.mock.calls, log.warn.mock.calls, log.error.mock.calls]);
    expect(logged).not.toMatch(/Secret|not even|account/);
    expect(log.info).toHaveBeenCalledTimes(calls.length);
  });

  test('is any in which one bit of the body, the time, the id or the secret is another', async () => {
    const { take, operationsOf } = webhookWorld();
    const bit = (text: Uint8Array, at: number) => {
      const changed = Buffer.from(text);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      return changed;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('body', 'x-signature-timestamp', 'x-delivery-id', 'x-signature', 'secret'),
        fc.nat(),
        fc.uint8Array({ maxLength: 40 }),
        async (part, at, bytes) => {
          const body = plainBody({ reason: Buffer.from(bytes).toString('hex') });
          if (part === 'secret') {
            const other = bit(Buffer.from(secret), at % (secret.length * 8)).toString('latin1');
            await expect(take(signedCall({ body, secrets: [other] }))).rejects.toMatchObject(refusal);
            return;
          }
          const call = signedCall({ body });
          const changed = (text: string) => {
            const from = part === 'x-signature' ? 3 * 8 : 0;
            return bit(Buffer.from(text), from + (at % (text.length * 8 - from))).toString('latin1');
          };
          const wrong =
            part === 'body'
              ? { ...call, body: bit(call.body, at % (call.body.length * 8)) }
              : {
                  ...call,
                  header: (name: string) =>
                    name === part ? changed(call.header(name) ?? '') : call.header(name),
                };
          // A hexadecimal digit may be in either case.
          const isSame = part === 'x-signature' && wrong.header(part)?.toLowerCase() === call.header(part);
          if (!isSame) await expect(take(wrong)).rejects.toMatchObject(refusal);
        },
      ),
      { numRuns: 300 },
    );
    expect(await operationsOf()).toEqual([]);
  });
});

describe('a delivery', () => {
  test('that comes again is the same operation: replayed, signed anew, or as it has ended meanwhile', async () => {
    const { take, operations, operationsOf, world } = webhookWorld();
    const call = signedCall({ deliveryId: 'd-1' });
    const first = await take(call);
    expect(await take(call)).toEqual(first);
    world.now += 20 * minute;
    expect(await take(signedCall({ deliveryId: 'd-1', at: world.now }))).toEqual(first);
    const [known] = await operationsOf();
    expect(world.started).toEqual([known?.id, known?.id, known?.id]);
    for (const state of ['running', 'succeeded'] as const)
      await operations.update(known?.id ?? '', (one) => ({ ...one, state }));
    const again = await take(signedCall({ deliveryId: 'd-1', at: world.now }));
    expect(again).toMatchObject({ operation: { id: known?.id, state: 'succeeded' } });
    expect(await operationsOf()).toHaveLength(1);
    expect(world.started).toHaveLength(3);
  });

  test('has one body for ever, and ids are each system’s own', async () => {
    const { take, operationsOf } = webhookWorld();
    await take(signedCall({ deliveryId: 'd-1' }));
    const other = signedCall({ deliveryId: 'd-1', body: plainBody({ action: 'retry' }) });
    await expect(take(other)).rejects.toMatchObject({ code: 'WEBHOOK_DELIVERY_REUSED' });
    const incident = { sys_id: 'a'.repeat(32), state: '6', correlation_id: `profile:${profileId}` };
    await take(signedCall({ system: 'servicenow', deliveryId: 'd-1', body: JSON.stringify(incident) }));
    expect(await operationsOf()).toHaveLength(2);
  });

  test('that comes five times at once is one operation', async () => {
    const { take, operationsOf } = webhookWorld();
    const taken = await Promise.all(Array.from({ length: 5 }, () => take(signedCall({ deliveryId: 'd-1' }))));
    const [operation, ...others] = await operationsOf();
    expect(others).toEqual([]);
    expect(taken).toEqual(taken.map(() => ({ operation })));
  });

  test.each([0, 1, 2, 3])(
    'in which the program ends after %s steps is repaired when it comes again',
    async (steps) => {
      const { take, operationsOf, world } = webhookWorld();
      world.callsLeft = steps;
      const call = () => signedCall({ deliveryId: 'd-1' });
      await take(call()).catch(() => undefined);
      world.callsLeft = Number.POSITIVE_INFINITY;
      const taken = await take(call());
      const [operation, ...others] = await operationsOf();
      expect([taken, others]).toEqual([{ operation }, []]);
      expect(new Set(world.started)).toEqual(new Set([operation?.id]));
    },
  );
});

describe('what Jira signs itself', () => {
  const event = (change: object = {}) => ({
    timestamp: start,
    webhookEvent: 'jira:issue_updated',
    issue: {
      key: 'OPS-7',
      fields: {
        status: { name: 'Resolved', statusCategory: { key: 'done' } },
        labels: ['urgent', `profile:${profileId}`],
      },
    },
    changelog: { items: [{ field: 'status' }] },
    ...change,
  });

  test('is taken by the time in its body, once, and not under the names of other systems', async () => {
    const { take, operationsOf, world } = webhookWorld();
    const first = await take(jiraCall(event()));
    expect(await take(jiraCall(event()))).toEqual(first);
    expect(await operationsOf()).toHaveLength(1);
    await expect(take(jiraCall(event(), 'wrong-Secret-1234567890'))).rejects.toMatchObject(refusal);
    await expect(take(jiraCall(event({ timestamp: undefined })))).rejects.toMatchObject(refusal);
    await expect(take({ ...jiraCall(event()), system: 'servicenow' })).rejects.toMatchObject(refusal);
    world.now += 6 * minute;
    await expect(take(jiraCall(event()))).rejects.toMatchObject(refusal);
  });
});

describe('a ticket of a finding', () => {
  const correlationId = correlationIdOf('lag-over-limit.x.account');
  const call = () => signedCall({ body: plainBody({ about: correlationId }) });

  test('means the rows of the finding, as long as it is open', async () => {
    const { take, records, operationsOf, world } = webhookWorld();
    await expect(take(call())).rejects.toThrow('no ticket was opened for the finding');
    const selection = selectionOf(profileId, { table: 'account' });
    const record = {
      correlationId,
      findingId: undefined,
      system: 'json',
      selection,
      changedAt: '',
      ticketId: 'T-1',
      told: '',
    } as const;
    await records.update(correlationId, () => ({ ...record, state: 'open' }));
    await take(call());
    expect(await operationsOf()).toMatchObject([{ request: { selection } }]);
    for (const state of ['closing', 'closed'] as const) {
      await records.update(correlationId, () => ({ ...record, state }));
      expect(await take(call())).toEqual({ nothing: 'The finding of the ticket is over.' });
    }
    await records.update(correlationId, () => ({ ...record, selection: undefined, state: 'open' }));
    expect(await take(call())).toEqual({ nothing: 'The finding of the ticket is of no profile.' });
    expect(world.looked).toEqual(['lag-over-limit.x.account']);
    expect(await operationsOf()).toHaveLength(1);
  });
});

describe('a ticket that names a profile', () => {
  const other = '66666666-6666-4666-8666-666666666666';

  test.each([`profile:${other}`, `row:${other}:account:${profileId}`, `failure:${other}:x`])(
    'that does not exist is refused: %s',
    async (about) => {
      const { take, operationsOf } = webhookWorld();
      await expect(take(signedCall({ body: plainBody({ about }) }))).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        message: expect.stringContaining('the profile that it names does not exist'),
      });
      expect(await operationsOf()).toEqual([]);
    },
  );

  test('is taken while the exporter is away', async () => {
    const { take, world, operationsOf } = webhookWorld();
    world.isExporterAway = true;
    await take(signedCall());
    expect(await operationsOf()).toHaveLength(1);
  });
});

test('another type of content is told, and a body that is no JSON', async () => {
  const { take } = webhookWorld();
  for (const type of ['text/plain', 'application/xml', '', 'application/jsonp'])
    await expect(take(signedCall({ headers: { 'content-type': type } }))).rejects.toMatchObject({
      code: 'WEBHOOK_MEDIA_TYPE',
    });
  const type = { 'content-type': 'Application/vnd.contoso+json; charset=utf-8' };
  await expect(take(signedCall({ headers: type }))).resolves.toBeDefined();
  for (const body of ['', '{', 'Ada'])
    await expect(take(signedCall({ body }))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});
