import type { Ticket, TicketSystemName } from '../model/ticket.ts';

/** A ticket that is there. */
export interface FoundTicket {
  /** The id that the system's calls take. */
  readonly ticketId: string;
  readonly isOpen: boolean;
}

/** Words for a ticket. The same `key` is written into one ticket once. */
export interface TicketComment {
  /** Letters, digits and `-`. */
  readonly key: string;
  readonly text: string;
}

/**
 * A ticketing system. Every call may be made again after a crash, and changes nothing the second time. Fails with a
 * `TICKET_*` code; `TICKET_NOT_FOUND` when there is no ticket of the id.
 */
export interface TicketSystem {
  readonly name: TicketSystemName;
  /**
   * The ticket of the id, where one is given and there; else the one with the correlation id: an open one before those
   * that are closed, else the newest. A new ticket may be found by its correlation id only after some seconds.
   */
  find(correlationId: string, ticketId?: string): Promise<FoundTicket | undefined>;
  /** Opens a ticket, unless an open one with the correlation id is there; its id. */
  open(ticket: Ticket): Promise<string>;
  /** Makes title, text and urgency those of `ticket`. */
  update(ticketId: string, ticket: Ticket): Promise<void>;
  comment(ticketId: string, comment: TicketComment): Promise<void>;
  /** Resolves the ticket with these words; one that is not open gets the words alone. */
  close(ticketId: string, comment: TicketComment): Promise<void>;
  /** Opens a ticket again; false when the system does not allow it, which needs another one. */
  reopen(ticketId: string, comment: TicketComment): Promise<boolean>;
}
