import { describe, expect, test, vi } from 'vitest';
import { settleSeconds } from '../../../shared/automation/tell-finding-ticket.ts';
import { type TellTicketPorts, tellTicket } from '../../../shared/automation/tell-ticket.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { TellableFinding } from '../../../shared/model/ticket.ts';
import { correlationIdOf } from '../../../shared/model/ticket-subject.ts';
import type { TellTicketItem } from '../../../shared/model/work-item.ts';
import { anOperation } from '../../contracts/operations.ts';
import { fakeOperations, fakeWorkQueues } from '../../fakes/fake-storage.ts';
import { fakeTelemetry } from '../../fakes/fake-telemetry.ts';
import { fakeTicketRecords, fakeTicketSystem } from '../../fakes/fake-tickets.ts';

const profileId = '55555555-5555-4555-8555-555555555555';
const finding: TellableFinding = {
  ...{ id: `failures-growing.${profileId}.account`, profileId, profileName: 'Sales', table: 'account' },
  ...{ severity: 'error', state: 'open', openedAt: '2026-11-28T09:00:00.000Z' },
  ...{ message: '5 rows were refused.', whatToDo: 'Remove the constraint.' },
};
const item: TellTicketItem = { about: 'finding', id: finding.id, attempt: 0 };
const correlationId = correlationIdOf(finding.id);

const options = { firstDelaySeconds: 60, maxDelaySeconds: 600, maxAttempts: 4, resolvedSeconds: 1500 };

function tellWorld() {
  const fake = fakeTicketSystem();
  const [records, operations, queues] = [fakeTicketRecords(), fakeOperations(), fakeWorkQueues()];
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const { telemetry, events } = fakeTelemetry();
  const world = { now: Date.parse('2026-11-28T10:00:00Z'), finding: finding as TellableFinding | undefined };
  const ports: TellTicketPorts = {
    system: fake.system,
    findings: { get: async () => structuredClone(world.finding) },
    ...{ records, operations, queues, log, options },
    clock: { now: () => new Date(world.now) },
    telemetry,
  };
  /** Delivers messages, the time passing as they say, until there is none. */
  async function deliverAll(limit = 50): Promise<void> {
    for (let count = 0; count < limit; count += 1) {
      const [message] = queues.sent.tellTicket.splice(0, 1);
      if (message === undefined) return;
      world.now += message.delaySeconds * 1000;
      await tellTicket(message.item as TellTicketItem, ports);
    }
  }
  const tell = (change: Partial<TellTicketPorts> = {}) => tellTicket(item, { ...ports, ...change });
  return { ...fake, records, operations, queues, log, events, world, ports, tell, deliverAll };
}

describe('the ticket of a finding', () => {
  test('is one from the opening to the end, however often it is told', async () => {
    const { tell, tickets, calls, world, records } = tellWorld();
    for (let count = 0; count < 3; count += 1) await tell();
    expect(calls).toEqual(['find', 'open']);
    expect(tickets).toMatchObject([{ id: 'T-1', correlationId, isOpen: true, isUrgent: true }]);
    expect(tickets[0]?.title).toBe(
      'Dataverse export: profile "Sales", table "account": 5 rows were refused.',
    );
    expect(tickets[0]?.text).toContain('What to do: Remove the constraint.');

    world.finding = { ...finding, message: '7 rows were refused.' };
    for (let count = 0; count < 2; count += 1) await tell();
    expect(tickets).toHaveLength(1);
    expect(tickets[0]?.title).toContain('7 rows');

    const story = '7 rows were written again; all have arrived.';
    world.finding = { ...finding, state: 'closed', closedAt: '2026-11-28T11:00:00.000Z', story };
    for (let count = 0; count < 2; count += 1) await tell();
    expect(tickets).toMatchObject([{ isOpen: false }]);
    const words = [...(tickets[0]?.comments.values() ?? [])].join();
    for (const part of ['Opened 2026-11-28 09:00 UTC, over 2026-11-28 11:00 UTC', story])
      expect(words).toContain(part);
    expect(await records.get(correlationId)).toMatchObject({
      state: 'closed',
      selection: { profileId, table: 'account' },
    });
    expect(calls.filter((call) => call === 'close')).toHaveLength(1);
  });

  test('is the known one, also while the system does not find it by the finding yet', async () => {
    const { tell, tickets, world, weather } = tellWorld();
    await tell();
    weather.isIndexed = false;
    world.finding = { ...finding, message: '7 rows were refused.' };
    await tell();
    world.finding = { ...finding, state: 'closed' };
    await tell();
    expect(tickets).toMatchObject([{ isOpen: false, title: expect.stringContaining('7 rows') }]);
  });

  test('is opened again when the finding comes back, or when a person closed it too early', async () => {
    const { tell, tickets, world, ports } = tellWorld();
    await tell();
    world.finding = { ...finding, state: 'closed', closedAt: '2026-11-28T11:00:00.000Z' };
    await tell();
    world.finding = { ...finding, openedAt: '2026-11-28T12:00:00.000Z' };
    await tell();
    expect(tickets).toMatchObject([{ isOpen: true }]);
    if (tickets[0]) tickets[0].isOpen = false;
    await tell();
    expect(tickets).toMatchObject([{ isOpen: false }]);
    await tellTicket({ ...item, wasResolved: true }, ports);
    expect(tickets).toMatchObject([{ isOpen: true }]);
    expect([...(tickets[0]?.comments.values() ?? [])].at(-1)).toContain('It is still so');
  });

  test('is known to be closing before it closes, so that its own webhook is told from a person’s', async () => {
    const { tell, world, system, records, tickets } = tellWorld();
    await tell();
    world.finding = { ...finding, state: 'closed' };
    const states: (string | undefined)[] = [];
    const close: typeof system.close = async (...call) => {
      states.push((await records.get(correlationId))?.state);
      await system.close(...call);
      throw new Error('killed');
    };
    await tell({ system: { ...system, close } }).catch(() => undefined);
    states.push((await records.get(correlationId))?.state);
    await tell();
    states.push((await records.get(correlationId))?.state);
    expect(states).toEqual(['closing', 'closing', 'closed']);
    expect(tickets[0]?.comments.size).toBe(1);
  });

  test('stays closing when its finding is over for a worker that comes too late to open it', async () => {
    const { tell, world, system, records } = tellWorld();
    await tell();
    world.finding = { ...finding, message: '7 rows were refused.' };
    const update: typeof system.update = async () => {
      await records.update(correlationId, (record) => record && { ...record, state: 'closing' });
    };
    await tell({ system: { ...system, update } });
    expect((await records.get(correlationId))?.state).toBe('closing');
  });

  test('is another one where the system does not open the first again', async () => {
    const { tell, tickets, world, system, records } = tellWorld();
    await tell();
    world.finding = { ...finding, state: 'closed' };
    await tell();
    world.finding = { ...finding, message: 'Back.' };
    await tell({ system: { ...system, reopen: async () => false } });
    expect(tickets).toMatchObject([{ isOpen: false }, { isOpen: true }]);
    expect(await records.get(correlationId)).toMatchObject({ ticketId: 'T-2' });
  });

  test('that was never told needs none when the finding is over, nor does one that is forgotten', async () => {
    const { tell, world, calls } = tellWorld();
    world.finding = { ...finding, state: 'closed' };
    await tell();
    world.finding = undefined;
    await tell();
    expect(calls).toEqual([]);
  });

  test('is one also when two are told at once', async () => {
    const { tell, tickets, deliverAll } = tellWorld();
    await Promise.all([tell(), tell(), tell()]);
    await deliverAll();
    expect(tickets).toHaveLength(1);
  });

  test.each(['find', 'open', 'record'] as const)(
    'is one also when the program ends around %s, and the system does not find new tickets at once',
    async (where) => {
      const { tell, tickets, world, deliverAll, weather, ports, records } = tellWorld();
      weather.isIndexed = false;
      if (where === 'find') weather.failures.push(new Error('killed'));
      else if (where === 'open') weather.losses = 1;
      let writes = 0;
      const breaking: typeof records = {
        ...records,
        update: async (id, change) => {
          writes += 1;
          if (where === 'record' && writes === 2) throw new Error('killed');
          return records.update(id, change);
        },
      };
      await tell({ records: breaking }).catch(() => undefined);
      // The message comes back at once, and the index knows of the ticket a minute later.
      await tellTicket(item, ports);
      world.now += 60_000;
      weather.isIndexed = true;
      await deliverAll();
      expect(tickets).toHaveLength(1);
      expect(await records.get(correlationId)).toMatchObject({ state: 'open', ticketId: 'T-1' });
    },
  );

  test('waits, when the finding is over, until a ticket that may be being opened can be found', async () => {
    const { tell, tickets, world, deliverAll, weather, queues } = tellWorld();
    weather.losses = 1;
    await tell();
    queues.sent.tellTicket.splice(0);
    weather.isIndexed = false;
    world.finding = { ...finding, state: 'closed' };
    await tell();
    expect(queues.sent.tellTicket).toMatchObject([{ delaySeconds: settleSeconds }]);
    weather.isIndexed = true;
    await deliverAll();
    expect(tickets).toMatchObject([{ isOpen: false }]);
  });
});

describe('a system that is away', () => {
  const away = () => new ServiceError('TICKET_SYSTEM_UNREACHABLE', 'Cannot call: nobody answers.');

  test('is called again with growing delays, then the ticket is given up, kept and told', async () => {
    const { tell, deliverAll, queues, log, events, weather } = tellWorld();
    const delays: number[] = [];
    const send = queues.tellTicket.send;
    Object.assign(queues.tellTicket, {
      send: async (one: TellTicketItem, delay: number) => {
        delays.push(delay);
        await send(one, delay);
      },
    });
    weather.failures = Array.from({ length: 50 }, away);
    await tell();
    await deliverAll();
    // Between the tries others are waited for, who may be opening the ticket.
    expect(delays).toEqual([60, 60, 120, 240]);
    expect(queues.sent.abandonedTicket).toMatchObject([{ item: { ...item, attempt: 0 } }]);
    expect(events).toEqual([
      {
        name: 'automation.ticket.abandoned',
        data: { system: 'json', about: 'finding', code: 'TICKET_SYSTEM_UNREACHABLE', attempts: 4 },
      },
    ]);
    expect(log.warn).toHaveBeenCalledTimes(3);
    expect(log.error).toHaveBeenCalledOnce();

    // Moved back by a person when the system is well.
    weather.failures = [];
    await tell();
    await deliverAll();
    expect(events.at(-1)).toMatchObject({ name: 'automation.ticket.told', data: { outcome: 'opened' } });
  });

  test('says how long to wait, and is obeyed', async () => {
    const { tell, queues, weather } = tellWorld();
    weather.failures = [
      new ServiceError('TICKET_SYSTEM_UNREACHABLE', 'Cannot call: too many.', { retryAfterSeconds: 500 }),
    ];
    await tell();
    expect(queues.sent.tellTicket).toMatchObject([{ delaySeconds: 500, item: { attempt: 1 } }]);
  });

  test('does not hide a defect: that goes to the queue’s own tries and poison', async () => {
    const { tell, queues, weather } = tellWorld();
    weather.failures = [new TypeError('defect')];
    await expect(tell()).rejects.toThrow('defect');
    expect(queues.sent.tellTicket).toEqual([]);
  });
});

describe('an operation that a ticket asked for', () => {
  const ended = (change: object = {}) =>
    anOperation(new Date('2026-11-28T10:00:00Z'), {
      state: 'succeeded',
      request: {
        kind: 'retouch-failures',
        selection: {
          profileId,
          table: 'account',
          cause: undefined,
          state: undefined,
          recordIds: undefined,
          failureIds: undefined,
        },
      },
      message: 'Rows: 3 healed.',
      rows: { healed: 3, gone: 0 },
      ticket: { system: 'json', ticketId: 'T-1' },
      ...change,
    });

  test('is told once how it ended', async () => {
    const { tell, operations, ports, tickets } = tellWorld();
    await tell();
    const operation = ended();
    await operations.add(operation);
    for (let count = 0; count < 2; count += 1)
      await tellTicket({ about: 'operation', id: operation.id, attempt: 0 }, ports);
    const [words] = tickets[0]?.comments.values() ?? [];
    expect(tickets[0]?.comments.size).toBe(1);
    expect(words).toContain('Rows: 3 healed.');
    expect(words).toContain(operation.id);
  });

  test.each([
    ['retouch-failures', true],
    ['ignore-failures', false],
  ] as const)('by %s has the ticket opened again while its finding is open: %s', async (kind, isAgain) => {
    const { tell, operations, ports, tickets, queues, deliverAll, calls } = tellWorld();
    await tell();
    if (tickets[0]) tickets[0].isOpen = false;
    const { request } = ended();
    const operation = ended({ request: { ...request, kind } });
    await operations.add(operation);
    await tellTicket({ about: 'operation', id: operation.id, attempt: 0 }, ports);
    const again = { item: { ...item, wasResolved: true }, delaySeconds: 1500 };
    expect(queues.sent.tellTicket).toMatchObject(isAgain ? [again] : []);
    await deliverAll();
    expect(tickets[0]?.isOpen).toBe(isAgain);
    // Once open it is left alone.
    const before = calls.length;
    await tellTicket({ ...item, wasResolved: true }, ports);
    if (isAgain) expect(calls.slice(before)).toEqual(['find']);
  });

  test('is not told while it runs, to another system, or to a ticket that is gone', async () => {
    const { operations, ports, calls, events, queues } = tellWorld();
    const others = [
      ended({ state: 'running' }),
      ended({ ticket: undefined }),
      ended({ ticket: { system: 'jira', ticketId: 'OPS-1' } }),
    ];
    for (const operation of others) {
      await operations.add(operation);
      await tellTicket({ about: 'operation', id: operation.id, attempt: 0 }, ports);
    }
    expect(calls).toEqual([]);
    const gone = ended({ ticket: { system: 'json', ticketId: 'T-9' } });
    await operations.add(gone);
    await tellTicket({ about: 'operation', id: gone.id, attempt: 0 }, ports);
    expect(queues.sent.tellTicket).toEqual([]);
    expect(events.at(-1)).toMatchObject({
      name: 'automation.ticket.abandoned',
      data: { code: 'TICKET_NOT_FOUND' },
    });
  });
});

test('without a ticketing system nobody is told', async () => {
  const { tell, calls } = tellWorld();
  expect(await tell({ system: undefined })).toContain('No ticketing system is configured');
  expect(calls).toEqual([]);
});
