import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '../../shared/errors.ts';
import type { Ticket, TicketDelivery, TicketRecord, TicketSystemName } from '../../shared/model/ticket.ts';
import type { TicketDeliveries } from '../../shared/ports/ticket-deliveries.ts';
import type { TicketRecords } from '../../shared/ports/ticket-records.ts';
import type { TicketComment, TicketSystem } from '../../shared/ports/ticket-system.ts';
import { fakeDocuments, purgeSome } from './fake-storage.ts';

/** A ticket of the fake system. */
export interface FakeTicket extends Ticket {
  readonly id: string;
  isOpen: boolean;
  comments: Map<string, string>;
}

/** A ticketing system in memory. `fail` is thrown by the next calls, `lose` loses an answer; `isIndexed` hides new tickets. */
export function fakeTicketSystem(name: TicketSystemName = 'json') {
  const tickets: FakeTicket[] = [];
  const weather = { failures: [] as unknown[], losses: 0, isIndexed: true };
  const calls: string[] = [];
  const away = () => new ServiceError('TICKET_SYSTEM_UNREACHABLE', 'Cannot call: the answer was lost.');
  const begin = async (call: string) => {
    calls.push(call);
    await nextTurn();
    const [failure] = weather.failures.splice(0, 1);
    if (failure !== undefined) throw failure;
  };
  const end = <T>(answer: T): T => {
    if (weather.losses === 0) return answer;
    weather.losses -= 1;
    throw away();
  };
  const get = (ticketId: string) => {
    const ticket = tickets.find(({ id }) => id === ticketId);
    if (ticket) return ticket;
    throw new ServiceError('TICKET_NOT_FOUND', 'Cannot find the ticket: there is none.');
  };
  const search = (correlationId: string) => {
    const fitting = tickets.filter((one) => weather.isIndexed && one.correlationId === correlationId);
    return fitting.find(({ isOpen }) => isOpen) ?? fitting.at(-1);
  };
  const say = (ticketId: string, { key, text }: TicketComment) => get(ticketId).comments.set(key, text);

  const system: TicketSystem = {
    name,
    async find(correlationId, ticketId) {
      await begin('find');
      const found = tickets.find(({ id }) => id === ticketId) ?? search(correlationId);
      return found && { ticketId: found.id, isOpen: found.isOpen };
    },
    async open(ticket) {
      await begin('open');
      const found = search(ticket.correlationId);
      if (found?.isOpen) return found.id;
      const id = `T-${tickets.length + 1}`;
      tickets.push({ ...ticket, id, isOpen: true, comments: new Map() });
      return end(id);
    },
    async update(ticketId, ticket) {
      await begin('update');
      Object.assign(get(ticketId), ticket);
      end(undefined);
    },
    async comment(ticketId, comment) {
      await begin('comment');
      say(ticketId, comment);
      end(undefined);
    },
    async close(ticketId, comment) {
      await begin('close');
      say(ticketId, comment);
      get(ticketId).isOpen = false;
      end(undefined);
    },
    async reopen(ticketId, comment) {
      await begin('reopen');
      say(ticketId, comment);
      get(ticketId).isOpen = true;
      return end(true);
    },
  };
  return { system, tickets, weather, calls };
}

/** Records of tickets in memory. */
export function fakeTicketRecords(): TicketRecords {
  const records = fakeDocuments<TicketRecord>();
  return {
    get: async (correlationId) => records.get(correlationId),
    async update(correlationId, change) {
      await nextTurn();
      const next = change(records.get(correlationId));
      if (next) records.set(correlationId, next);
      return records.get(correlationId);
    },
    unsettled: async () => records.all(({ state }) => state !== 'closed'),
    async purge(before, isOver) {
      const old = records.all(
        ({ state, changedAt }) => state === 'closed' && Date.parse(changedAt) < before.getTime(),
      );
      return purgeSome(old, isOver, ({ correlationId }) => records.delete(correlationId));
    },
  };
}

/** Deliveries in memory. */
export function fakeTicketDeliveries(): TicketDeliveries {
  const deliveries = fakeDocuments<TicketDelivery>();
  const keyOf = ({ system, deliveryId }: TicketDelivery) => `${system} ${deliveryId}`;
  return {
    async take(delivery) {
      await nextTurn();
      const known = deliveries.get(keyOf(delivery));
      if (!known) deliveries.set(keyOf(delivery), delivery);
      return known ?? delivery;
    },
    async purge(before, isOver) {
      const old = deliveries.all(({ receivedAt }) => Date.parse(receivedAt) < before.getTime());
      return purgeSome(old, isOver, (one) => deliveries.delete(keyOf(one)));
    },
  };
}
