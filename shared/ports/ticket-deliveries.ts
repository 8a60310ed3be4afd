import type { TicketDelivery } from '../model/ticket.ts';

/** Webhook calls that were taken. */
export interface TicketDeliveries {
  /** Keeps a delivery, unless one of the system with its id is there; the one that is kept. */
  take(delivery: TicketDelivery): Promise<TicketDelivery>;
  /** Deletes those that were received before this time, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
}
