import { createHash } from 'node:crypto';
import { odata } from '@azure/data-tables';
import { ServiceError } from '../../errors.ts';
import { listPart } from '../../model/list-part.ts';
import {
  type Operation,
  operationCanBecome,
  operationKeySchema,
  operationSchema,
} from '../../model/operation.ts';
import type { Operations } from '../../ports/operations.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of operations: one partition; ids are made so that the newest comes first. */
const operationsTable = 'Operations';
const partitionKey = 'operations';
/** The partition of keys, by their hash: each says which operation was asked for with it. */
const keysPartition = 'keys';

export function operations(account: StorageAccount): Operations {
  const stored = documentTable(account, {
    table: operationsTable,
    schema: operationSchema,
    columns: ({ request, state, requestedBy, requestedAt, changedAt, message }) => ({
      ...{ kind: request.kind, state, requestedBy, requestedAt, changedAt, message: message.slice(0, 1000) },
    }),
  });
  const keys = documentTable(account, {
    table: operationsTable,
    schema: operationKeySchema,
    columns: ({ requestedAt }) => ({ requestedAt }),
  });
  const keyOfId = (id: string) => ({ partitionKey, rowKey: keyOf(id) });

  const add = async (operation: Operation) => (await stored.add(keyOfId(operation.id), operation)).isNew;

  return {
    add,
    async addOnce(key, operation) {
      const rowKey = createHash('sha256').update(key).digest('hex');
      // The key first: whoever comes after a crash adds the operation that it names.
      const { id, requestedAt } = operation;
      const first = await keys.update(
        { partitionKey: keysPartition, rowKey },
        (known) => known ?? { operationId: id, requestedAt },
      );
      const named = { ...operation, id: first?.operationId ?? id };
      await add(named);
      return (await stored.read(keyOfId(named.id)))?.document ?? named;
    },
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
    unfinished: () =>
      stored.list(odata`PartitionKey eq ${partitionKey} and (state eq 'accepted' or state eq 'running')`),
    async purge(before, isOver) {
      const time = before.toISOString();
      const ended = odata`(state eq 'succeeded' or state eq 'failed') and changedAt lt ${time}`;
      const removed = await stored.removeAll(ended, isOver);
      const old = odata`PartitionKey eq ${keysPartition} and requestedAt lt ${time}`;
      return removed + (isOver() ? 0 : await keys.removeAll(old, isOver));
    },
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
