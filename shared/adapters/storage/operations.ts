import { odata } from '@azure/data-tables';
import { ServiceError } from '../../errors.ts';
import { listPart } from '../../model/list-part.ts';
import { type Operation, operationCanBecome, operationSchema } from '../../model/operation.ts';
import type { Operations } from '../../ports/operations.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of operations: one partition; ids are made so that the newest comes first. */
const operationsTable = 'Operations';
const partitionKey = 'operations';

export function operations(account: StorageAccount): Operations {
  const stored = documentTable(account, {
    table: operationsTable,
    schema: operationSchema,
    columns: ({ request, state, requestedBy, requestedAt, changedAt, message }) => ({
      ...{ kind: request.kind, state, requestedBy, requestedAt, changedAt, message: message.slice(0, 1000) },
    }),
  });
  const keyOfId = (id: string) => ({ partitionKey, rowKey: keyOf(id) });
  return {
    add: async (operation) => (await stored.add(keyOfId(operation.id), operation)).isNew,
    get: async (id) => (await stored.read(keyOfId(id)))?.document,
    update: (id, change) =>
      stored.update(keyOfId(id), (operation) => {
        const next = operation && change(operation);
        if (operation && next) checkStep(operation, next);
        return next;
      }),
    async list(limit, continuation = '') {
      const found: Operation[] = [];
      const filter = odata`PartitionKey eq ${partitionKey} and RowKey gt ${continuation}`;
      for await (const operation of stored.list(filter, limit + 1)) if (found.push(operation) > limit) break;
      return listPart(found, limit, ({ id }) => id);
    },
    purge: (before, isOver) =>
      stored.removeAll(
        odata`(state eq 'succeeded' or state eq 'failed') and changedAt lt ${before.toISOString()}`,
        isOver,
      ),
  };
}

/** Refuses a change of state that an operation does not have. */
export function checkStep(operation: Operation, next: Operation): void {
  if (operationCanBecome(operation.state, next.state)) return;
  throw new ServiceError(
    'INTERNAL',
    `Cannot change operation "${operation.id}" from ${operation.state} to ${next.state}: it has no such step.`,
  );
}
