import { createHmac, randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import type { TicketCall, TicketWebhookPorts } from '../../../shared/automation/take-ticket-webhook.ts';
import { takeTicketWebhook } from '../../../shared/automation/take-ticket-webhook.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { ExportedProfile } from '../../../shared/model/status-snapshot.ts';
import type { TicketSystemName } from '../../../shared/model/ticket.ts';
import { signedHeaders } from '../../../shared/model/webhook-signature.ts';
import { fakeOperations } from '../../fakes/fake-storage.ts';
import { fakeTicketDeliveries, fakeTicketRecords } from '../../fakes/fake-tickets.ts';

export const profileId = '55555555-5555-4555-8555-555555555555';
export const secret = 'webhook-Secret-1234567890';
export const start = Date.parse('2026-11-28T10:00:00Z');

/** A plain body that is right. */
export const plainBody = (change: object = {}) =>
  JSON.stringify({ ticketId: 'T-1', action: 'retouch', about: `table:${profileId}:account`, ...change });

/** A call of now, signed as ours. */
export function signedCall(
  change: {
    system?: string;
    body?: string;
    deliveryId?: string;
    at?: number;
    secrets?: readonly string[];
    headers?: Readonly<Record<string, string>>;
  } = {},
): TicketCall {
  const { system = 'json', body = plainBody(), deliveryId = randomUUID(), at = start } = change;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ...signedHeaders(change.secrets ?? [secret], { deliveryId, body, now: new Date(at) }),
    ...change.headers,
  };
  return { system, header: (name) => headers[name] ?? null, body: Buffer.from(body) };
}

/** A call as Jira's own webhooks sign it. */
export function jiraCall(body: object, by = secret): TicketCall {
  const text = JSON.stringify(body);
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=UTF-8',
    'x-hub-signature': `sha256=${createHmac('sha256', by).update(text).digest('hex')}`,
  };
  return { system: 'jira', header: (name) => headers[name] ?? null, body: Buffer.from(text) };
}

/** Webhooks over stores in memory; `crashBefore` counts the calls of ports until the program ends. */
export function webhookWorld(secrets: Partial<Record<TicketSystemName, readonly string[]>> = {}) {
  const known: Partial<Record<TicketSystemName, readonly string[]>> = {
    ...{ servicenow: [secret], jira: [secret], json: [secret] },
    ...secrets,
  };
  const stores = {
    deliveries: fakeTicketDeliveries(),
    operations: fakeOperations(),
    records: fakeTicketRecords(),
  };
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const world = {
    now: start,
    callsLeft: Number.POSITIVE_INFINITY,
    started: [] as string[],
    looked: [] as string[],
    isExporterAway: false,
  };
  const until = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => {
    return async (...args: Args): Promise<T> => {
      if (world.callsLeft === 0) throw new Error('killed');
      world.callsLeft -= 1;
      return call(...args);
    };
  };
  const ports: TicketWebhookPorts = {
    secretsOf: async (system) => known[system] ?? [],
    deliveries: { take: until(stores.deliveries.take) },
    operations: { add: until(stores.operations.add), get: until(stores.operations.get) },
    records: stores.records,
    exporter: {
      profile: async (id) => {
        if (world.isExporterAway)
          throw new ServiceError('EXPORTER_UNREACHABLE', 'Cannot reach it: it is away.');
        return id === profileId ? ({ id } as ExportedProfile) : undefined;
      },
    },
    lookAgain: async (id) => {
      world.looked.push(id);
    },
    startOperation: until(async (id: string) => {
      world.started.push(id);
    }),
    newGuid: randomUUID,
    clock: { now: () => new Date(world.now) },
    log,
  };
  const operationsOf = async () => (await stores.operations.list(1000)).items;
  return { ...stores, world, log, operationsOf, take: (call: TicketCall) => takeTicketWebhook(call, ports) };
}
