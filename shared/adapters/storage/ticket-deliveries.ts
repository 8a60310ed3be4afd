import { odata } from '@azure/data-tables';
import { type TicketDelivery, ticketDeliverySchema } from '../../model/ticket.ts';
import type { TicketDeliveries } from '../../ports/ticket-deliveries.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Deliveries in Table Storage, a partition a system. */
export function ticketDeliveries(account: StorageAccount): TicketDeliveries {
  const stored = documentTable<TicketDelivery>(account, {
    table: 'TicketDeliveries',
    schema: ticketDeliverySchema,
    columns: ({ operationId, receivedAt }) => ({ operationId, receivedAt }),
  });
  return {
    async take(delivery) {
      const key = { partitionKey: delivery.system, rowKey: keyOf(delivery.deliveryId) };
      return (await stored.add(key, delivery)).document;
    },
    purge: (before, isOver) => stored.removeAll(odata`receivedAt lt ${before.toISOString()}`, isOver),
  };
}
