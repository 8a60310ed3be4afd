import { odata } from '@azure/data-tables';
import { newestFirstKey } from '../../model/newest-first-key.ts';
import { statusSnapshotSchema } from '../../model/status-snapshot.ts';
import type { StatusHistory, StatusSnapshot } from '../../ports/status-history.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of statuses: a partition a profile, the newest row first. */
const statusHistoryTable = 'StatusHistory';

export function statusHistory(account: StorageAccount): StatusHistory {
  const snapshots = documentTable(account, {
    table: statusHistoryTable,
    schema: statusSnapshotSchema,
    columns: ({ seenAt, name, state }) => ({ seenAt, name, state }),
  });
  return {
    add: (snapshot) => {
      const rowKey = newestFirstKey(snapshot.seenAt);
      return snapshots.put({ partitionKey: keyOf(snapshot.id), rowKey }, snapshot);
    },
    purge: (before, isOver) =>
      snapshots.removeAll(odata`RowKey gt ${newestFirstKey(before.toISOString())}`, isOver),
    async latest(profileId, count) {
      const found: StatusSnapshot[] = [];
      if (count < 1) return found;
      for await (const snapshot of snapshots.list(odata`PartitionKey eq ${keyOf(profileId)}`, count))
        if (found.push(snapshot) >= count) break;
      return found;
    },
  };
}
