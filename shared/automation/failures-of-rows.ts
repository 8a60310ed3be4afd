import type { Failure } from '../model/failure.ts';
import type { RetouchRowItem } from '../model/work-item.ts';
import type { AutomationPorts } from './automation-ports.ts';
import type { FailuresByRow } from './row-outcomes.ts';

/** What is wanted of all failures of each row of a message, in the order of the message; rows of which it is nothing are left out. */
export async function failuresOfRows(
  { profileId, table, recordIds }: Pick<RetouchRowItem, 'profileId' | 'table' | 'recordIds'>,
  wanted: (failures: readonly Failure[]) => readonly Failure[],
  { ledger }: Pick<AutomationPorts, 'ledger'>,
): Promise<FailuresByRow> {
  const found = await ledger.ofRows(profileId, table, recordIds);
  return new Map(
    recordIds.flatMap((recordId) => {
      const failures = wanted(found.get(recordId) ?? []);
      return failures.length === 0 ? [] : [[recordId, failures] as const];
    }),
  );
}
