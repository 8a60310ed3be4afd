import { odata, TableClient } from '@azure/data-tables';
import type { Failure } from '../../shared/model/failure.ts';

/** What the automation knows of failures, read from its table as an operator would with any storage tool. */
export type LedgerView = {
  failures(profileId: string): Promise<readonly Failure[]>;
};

export function ledgerView(connectionString: string): LedgerView {
  const table = TableClient.fromConnectionString(connectionString, 'Failures', {
    allowInsecureConnection: true,
  });
  return {
    async failures(profileId) {
      // Open failures have a second entity, which only helps to find them.
      const filter = odata`PartitionKey eq ${profileId} and (RowKey lt '|open|' or RowKey ge '|open}')`;
      const failures: Failure[] = [];
      try {
        for await (const { document } of table.listEntities<{ document: string }>({
          queryOptions: { filter },
        }))
          failures.push(JSON.parse(document) as Failure);
      } catch (error) {
        // Made by the app when the first failure is read.
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
      }
      return failures;
    },
  };
}
