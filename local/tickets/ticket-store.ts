import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TicketSystemName } from '../../shared/model/ticket.ts';

/** A ticket of the simulated systems, with the members that each of them has. */
export type StoredTicket = {
  readonly system: TicketSystemName;
  /** `sys_id` of ServiceNow, key of Jira, id of the plain receiver. */
  readonly id: string;
  /** What people call it. */
  readonly number: string;
  readonly createdAt: string;
  title: string;
  text: string;
  correlationId: string;
  labels: string[];
  isUrgent: boolean;
  /** ServiceNow's numbers; of the others `2` is open and `6` resolved. */
  state: string;
  /** Close code of ServiceNow or resolution of Jira. */
  resolution: string;
  comments: { at: string; text: string }[];
};

export type TicketStore = ReturnType<typeof openTicketStore>;

/** Tickets, kept in a file where one is given, so that a restart goes on with them. */
export function openTicketStore(file?: string) {
  const tickets: StoredTicket[] = file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  if (file) mkdirSync(dirname(file), { recursive: true });
  const save = () => {
    if (file) writeFileSync(file, JSON.stringify(tickets));
  };
  const newId = (system: TicketSystemName, count: number) => {
    if (system === 'servicenow') return randomBytes(16).toString('hex');
    return system === 'jira' ? `OPS-${count}` : `T-${count}`;
  };
  return {
    all: (system?: TicketSystemName) =>
      tickets.filter((ticket) => system === undefined || ticket.system === system),
    get: (system: TicketSystemName, id: string) =>
      tickets.find((ticket) => ticket.system === system && (ticket.id === id || ticket.number === id)),
    add(system: TicketSystemName, members: Partial<Omit<StoredTicket, 'system' | 'id'>>): StoredTicket {
      const count = tickets.length + 1;
      const id = newId(system, count);
      const ticket: StoredTicket = {
        ...{
          title: '',
          text: '',
          correlationId: '',
          labels: [],
          isUrgent: false,
          state: '1',
          resolution: '',
        },
        ...{ comments: [], ...members, system, id, createdAt: new Date().toISOString() },
        number: system === 'servicenow' ? `INC${String(10_000 + count).padStart(7, '0')}` : id,
      };
      tickets.push(ticket);
      save();
      return ticket;
    },
    change(ticket: StoredTicket, members: Partial<StoredTicket>, comment?: string): void {
      Object.assign(ticket, members);
      if (comment) ticket.comments.push({ at: new Date().toISOString(), text: comment });
      save();
    },
  };
}

export function isOver({ state }: StoredTicket): boolean {
  return ['6', '7', '8'].includes(state);
}
