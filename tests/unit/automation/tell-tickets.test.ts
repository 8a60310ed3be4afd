import { expect, test } from 'vitest';
import { tellFindingTicket } from '../../../shared/automation/tell-finding-ticket.ts';
import { tellTickets } from '../../../shared/automation/tell-tickets.ts';
import type { TicketRecord } from '../../../shared/model/ticket.ts';
import { correlationIdOf } from '../../../shared/model/ticket-subject.ts';
import type { TellTicketItem } from '../../../shared/model/work-item.ts';
import { fakeWorkQueues } from '../../fakes/fake-storage.ts';
import { fakeTicketRecords, fakeTicketSystem } from '../../fakes/fake-tickets.ts';

const now = new Date('2026-11-28T10:00:00.000Z');
const idOf = (name: string) => `failures-growing.${name}`;

/** The ids that word is sent of, with these findings open and these tickets known. */
async function toldOf(
  open: readonly string[],
  known: Readonly<Record<string, [TicketRecord['state'], string]>>,
) {
  const [records, queues] = [fakeTicketRecords(), fakeWorkQueues()];
  for (const [name, [state, changedAt]] of Object.entries(known)) {
    const correlationId = correlationIdOf(idOf(name));
    const none = { findingId: undefined, selection: undefined, ticketId: undefined, told: undefined };
    await records.update(correlationId, () => ({ correlationId, system: 'json', state, changedAt, ...none }));
  }
  const findings = { open: async () => open.map((name) => ({ id: idOf(name) }) as never) };
  await tellTickets({ findings, records, queues, clock: { now: () => now } });
  return queues.sent.tellTicket.map(({ item }) => item);
}

const lately = '2026-11-28T09:00:00.000Z';
const longAgo = '2026-11-27T09:00:00.000Z';
const wordOf = (name: string) => ({ about: 'finding', id: idOf(name), attempt: 0 });

test('word is sent of what is open without an open ticket, and of what is over while its ticket is open', async () => {
  const told = await toldOf(['fresh', 'back', 'told'], {
    back: ['closed', lately],
    told: ['open', longAgo],
    over: ['open', lately],
    done: ['closed', lately],
  });
  expect(told).toEqual([wordOf('fresh'), wordOf('back'), wordOf('over')]);
});

test('what is being told is left alone for a day', async () => {
  const told = await toldOf(['opening', 'stuck'], {
    opening: ['opening', lately],
    stuck: ['opening', longAgo],
    closing: ['closing', lately],
    lost: ['closing', longAgo],
  });
  expect(told.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual([
    wordOf('lost'),
    wordOf('stuck'),
  ]);
});

test.each(['account', `cr123_${'x'.repeat(58)}`])(
  'the ticket of a finding of table %s is closed when that is over',
  async (table) => {
    const id = `failures-growing.55555555-5555-4555-8555-555555555555.${table}`;
    const desk = fakeTicketSystem();
    const [records, queues] = [fakeTicketRecords(), fakeWorkQueues()];
    const clock = { now: () => now };
    const finding = {
      ...{ id, profileId: 'p', profileName: 'Sales', table, severity: 'error', openedAt: lately },
      ...{ message: '5 rows were refused.', whatToDo: 'Remove the constraint.' },
    };
    const log = { info() {}, warn() {}, error() {} };
    for (const state of ['open', 'closed'] as const) {
      const findings = {
        open: async () => (state === 'open' ? [{ id } as never] : []),
        get: async () => ({ ...finding, state }),
      };
      await tellTickets({ findings, records, queues, clock });
      for (const { item } of queues.sent.tellTicket.splice(0))
        await tellFindingTicket(item as TellTicketItem, {
          system: desk.system,
          findings,
          records,
          clock,
          log,
        });
      expect(desk.tickets).toMatchObject([{ isOpen: state === 'open' }]);
    }
  },
);
