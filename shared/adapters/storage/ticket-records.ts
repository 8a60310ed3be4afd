import { odata } from '@azure/data-tables';
import { type TicketRecord, ticketRecordSchema } from '../../model/ticket.ts';
import type { TicketRecords } from '../../ports/ticket-records.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

const partitionKey = 'tickets';

/** The tickets of findings in Table Storage, in one partition. */
export function ticketRecords(account: StorageAccount): TicketRecords {
  const stored = documentTable<TicketRecord>(account, {
    table: 'Tickets',
    schema: ticketRecordSchema,
    columns: ({ system, state, ticketId = '', changedAt }) => ({ system, state, ticketId, changedAt }),
  });
  const keyOfId = (correlationId: string) => ({ partitionKey, rowKey: keyOf(correlationId) });
  return {
    get: async (correlationId) => (await stored.read(keyOfId(correlationId)))?.document,
    update: (correlationId, change) => stored.update(keyOfId(correlationId), change),
    unsettled: () => stored.all(odata`PartitionKey eq ${partitionKey} and state ne 'closed'`),
    purge: (before, isOver) =>
      stored.removeAll(odata`state eq 'closed' and changedAt lt ${before.toISOString()}`, isOver),
  };
}
