import { newTouchFacts, touchFactsSchema } from '../../model/touch-facts.ts';
import type { TouchFactsStore } from '../../ports/touch-facts.ts';
import { documentTable } from './document-table.ts';
import type { StorageAccount } from './storage-account.ts';
import { keyOf } from './table-document.ts';

/** Name of the table: a partition an organization. */
const touchFactsTable = 'TouchFacts';

export function touchFacts(account: StorageAccount): TouchFactsStore {
  const documents = documentTable(account, {
    table: touchFactsTable,
    schema: touchFactsSchema,
    columns: ({ selfTest, freeFrom = '' }) => ({
      movesVersion: String(selfTest?.movesVersion ?? ''),
      testedAt: selfTest?.testedAt ?? '',
      freeFrom,
    }),
  });
  const key = (organizationId: string) => ({ partitionKey: keyOf(organizationId), rowKey: 'facts' });
  return {
    of: async (organizationId) =>
      (await documents.read(key(organizationId)))?.document ?? newTouchFacts(organizationId),
    async update(organizationId, change) {
      await documents.update(key(organizationId), (stored) =>
        change(stored ?? newTouchFacts(organizationId)),
      );
    },
  };
}
