import { odata } from '@azure/data-tables';
import { atMost } from '../../at-most.ts';
import { syncStateSchema } from '../../model/sync-state.ts';
import type { SyncStates } from '../../ports/sync-states.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table of sync states: a partition a profile, a row a table. */
const syncStatesTable = 'SyncStates';

/** The status of an organization lists the states of each of its profiles; more at once are not answered sooner. */
const listsAtOnce = 16;

export function syncStates(account: StorageAccount): SyncStates {
  const states = documentTable(account, {
    table: syncStatesTable,
    schema: syncStateSchema,
    columns: ({ phase, dueAt }) => ({ phase, dueAt }),
  });
  const keyOfState = (profileId: string, table: string) => ({
    partitionKey: keyOf(profileId),
    rowKey: keyOf(table),
  });
  const inTurn = atMost(listsAtOnce);
  const ofProfile = (profileId: string) => odata`PartitionKey eq ${keyOf(profileId)}`;
  return {
    get: async (profileId, table) => (await states.read(keyOfState(profileId, table)))?.document,
    list: (profileId) => inTurn(() => states.all(ofProfile(profileId))),
    update: (profileId, table, change) => states.update(keyOfState(profileId, table), change),
    remove: async (profileId) => void (await states.removeAll(ofProfile(profileId))),
  };
}
