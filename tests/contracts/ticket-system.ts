import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Ticket } from '../../shared/model/ticket.ts';
import { correlationIdOf } from '../../shared/model/ticket-subject.ts';
import type { TicketSystem } from '../../shared/ports/ticket-system.ts';

/** A ticket as its system has it, looked at from behind. */
export interface SeenTicket {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly isOpen: boolean;
  readonly isUrgent: boolean;
  readonly comments: readonly string[];
}

export interface TicketWorld {
  readonly system: TicketSystem;
  /** All tickets with the correlation id. */
  seen(correlationId: string): Promise<readonly SeenTicket[]>;
  /** Loses the answer of the next call that writes. */
  loseAnswer(): Promise<void>;
  /** Closes it for good, where the system has such a state. */
  closeForGood?(ticketId: string): Promise<void>;
}

export function aTicket(change: Partial<Ticket> = {}): Ticket {
  return {
    correlationId: correlationIdOf(`lag-over-limit.${randomUUID()}.account`),
    title: 'Dataverse export: profile "Sales": 5 rows „wait“',
    text: 'First line\n\nWhat to do: look & see <b>',
    isUrgent: false,
    ...change,
  };
}

/** What every ticketing system promises. */
export function ticketSystemContract(open: () => TicketWorld): void {
  it('a ticket is opened once, however often it is asked for, and found again', async () => {
    const { system, seen } = open();
    const ticket = aTicket({ isUrgent: true });
    expect(await system.find(ticket.correlationId)).toBeUndefined();
    const ticketId = await system.open(ticket);
    expect(await system.open(ticket)).toBe(ticketId);
    expect(await system.find(ticket.correlationId)).toEqual({ ticketId, isOpen: true });
    expect(await system.find('finding:nothing', ticketId)).toEqual({ ticketId, isOpen: true });
    const { title, text } = ticket;
    expect(await seen(ticket.correlationId)).toEqual([
      { id: ticketId, title, text, isOpen: true, isUrgent: true, comments: [] },
    ]);
  });

  it('the answer to the opening is lost: the next try finds the ticket', async () => {
    const { system, seen, loseAnswer } = open();
    const ticket = aTicket();
    await loseAnswer();
    await expect(system.open(ticket)).rejects.toMatchObject({ code: 'TICKET_SYSTEM_UNREACHABLE' });
    const ticketId = await system.open(ticket);
    expect((await seen(ticket.correlationId)).map(({ id }) => id)).toEqual([ticketId]);
  });

  it('a ticket is changed to what it is told', async () => {
    const { system, seen } = open();
    const ticket = aTicket();
    const ticketId = await system.open(ticket);
    for (const isUrgent of [true, false]) {
      const changed = { ...ticket, title: `Now ${isUrgent}`, text: 'Other words', isUrgent };
      await system.update(ticketId, changed);
      await system.update(ticketId, changed);
      expect(await seen(ticket.correlationId)).toMatchObject([
        { title: `Now ${isUrgent}`, text: 'Other words', isUrgent, isOpen: true },
      ]);
    }
  });

  it('the same comment is written once', async () => {
    const { system, seen } = open();
    const ticket = aTicket();
    const ticketId = await system.open(ticket);
    for (const key of ['a-1', 'a-2', 'a-1', 'a-2'])
      await system.comment(ticketId, { key, text: `Said ${key}` });
    const [{ comments } = { comments: [] }] = await seen(ticket.correlationId);
    expect(comments.map((text) => /Said \S+/.exec(text)?.[0])).toEqual(['Said a-1', 'Said a-2']);
  });

  it('a ticket is closed with its story, and opened again', async () => {
    const { system, seen } = open();
    const ticket = aTicket();
    const ticketId = await system.open(ticket);
    const closing = { key: 'closed-1', text: 'All is well.' };
    await system.close(ticketId, closing);
    await system.close(ticketId, closing);
    expect(await system.find(ticket.correlationId)).toEqual({ ticketId, isOpen: false });
    const closed = await seen(ticket.correlationId);
    expect(closed).toMatchObject([{ id: ticketId, isOpen: false }]);
    expect(closed[0]?.comments.join('\n')).toContain('All is well.');

    const reopening = { key: 'open-2', text: 'It is back.' };
    expect(await system.reopen(ticketId, reopening)).toBe(true);
    expect(await system.reopen(ticketId, reopening)).toBe(true);
    const again = await seen(ticket.correlationId);
    expect(again).toMatchObject([{ id: ticketId, isOpen: true }]);
    expect(again[0]?.comments.join('\n').split('It is back.')).toHaveLength(2);
  });

  it('a ticket that cannot be opened again is told, and another takes its place', async () => {
    const { system, seen, closeForGood } = open();
    if (closeForGood === undefined) return;
    const ticket = aTicket();
    const first = await system.open(ticket);
    await closeForGood(first);
    expect(await system.reopen(first, { key: 'open-3', text: 'It is back.' })).toBe(false);
    const second = await system.open(ticket);
    expect(second).not.toBe(first);
    expect(await system.find(ticket.correlationId)).toEqual({ ticketId: second, isOpen: true });
    expect(await seen(ticket.correlationId)).toHaveLength(2);
  });

  it('a ticket that is not there is told as that', async () => {
    const { system } = open();
    const missing = system.name === 'jira' ? 'OPS-999999' : 'f'.repeat(32);
    await expect(system.update(missing, aTicket())).rejects.toMatchObject({ code: 'TICKET_NOT_FOUND' });
    await expect(system.comment(missing, { key: 'a', text: 'b' })).rejects.toMatchObject({
      code: 'TICKET_NOT_FOUND',
    });
    const ticket = aTicket();
    const ticketId = await system.open(ticket);
    expect(await system.find(ticket.correlationId, missing)).toEqual({ ticketId, isOpen: true });
  });
}
