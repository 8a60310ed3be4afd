import type { TicketRecord } from '../model/ticket.ts';

/** The tickets of findings, by correlation id. */
export interface TicketRecords {
  get(correlationId: string): Promise<TicketRecord | undefined>;
  /** Applies the change until no other writer came between; undefined writes nothing. What is stored afterwards. */
  update(
    correlationId: string,
    change: (record: TicketRecord | undefined) => TicketRecord | undefined,
  ): Promise<TicketRecord | undefined>;
  /** Those whose ticket is not known to be closed. */
  unsettled(): Promise<readonly TicketRecord[]>;
  /** Deletes those of closed tickets that last changed before this time, until `isOver`; how many. */
  purge(before: Date, isOver: () => boolean): Promise<number>;
}
