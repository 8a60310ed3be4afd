import type { Destination } from '../../ports/destination.ts';
import { restartCheckpoint } from './checkpoints.ts';
import type { InTransaction } from './dialect.ts';

type Asked = Parameters<Destination['resync']>[1];

/** The port's `resync`. */
export function resyncRows(inTransaction: InTransaction, table: string, { profileId, scope, at }: Asked) {
  return inTransaction(`ask for rows of table "${table}" again`, async (statements) => {
    const { checkpoints, rejectedRows } = statements;
    const stored = await checkpoints.lock(table);
    if (stored?.profileId !== profileId) return undefined;
    if (scope.kind === 'rows') {
      const { count, givenUpCount } = await rejectedRows.resync(table, scope.ids, at);
      await checkpoints.noteDone(table, { failureCount: -givenUpCount });
      return count;
    }
    const count =
      scope.kind === 'failed'
        ? await rejectedRows.resyncGivenUp(table, at)
        : await rejectedRows.forgetGivenUp(table);
    if (scope.kind === 'table') await restartCheckpoint(statements, table, true, true);
    await checkpoints.noteDone(table, { failureCount: -stored.failureCount });
    return count;
  });
}
