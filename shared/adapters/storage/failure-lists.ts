import { odata } from '@azure/data-tables';
import type { Failure } from '../../model/failure.ts';
import { type FailureChoice, fitsChoice } from '../../model/failure-filter.ts';
import { failureIdPrefix, failureIdTablePrefix } from '../../model/failure-id.ts';
import { listPart } from '../../model/list-part.ts';
import type { FailureLedger } from '../../ports/failure-ledger.ts';
import type { DocumentTable } from './document-table.ts';
import { inKeys, keysBeginning, onlyKey } from './entities-among.ts';
import { keyOf } from './table-document.ts';

const mostRowsByKey = 100;

/**
 * Failures by what people look for. They come in the order of their keys, which is by table and then by row; entities whose
 * key begins with `|` are copies. The table is a range of keys; cause and state are columns without an index, so that all
 * failures of the table, or of the profile, are looked at, and only those that fit are sent.
 */
export function failureLists(failures: DocumentTable<Failure>): Pick<FailureLedger, 'list' | 'choose'> {
  async function* byId(profileId: string, ids: readonly string[]) {
    const keys = [...new Set(ids)].map((id) => onlyKey(keyOf(id)));
    for await (const { document } of failures.among(keyOf(profileId), keys)) yield document;
  }

  async function* byRow(profileId: string, table: string, recordIds: readonly string[]) {
    const rows = [...new Set(recordIds)].map((recordId) => keysBeginning(failureIdPrefix(table, recordId)));
    for await (const { document } of failures.among(keyOf(profileId), rows)) yield document;
  }

  function candidates(profileId: string, choice: FailureChoice): AsyncIterable<Failure> {
    const { table, recordIds, failureIds } = choice;
    if (failureIds) return byId(profileId, failureIds);
    if (table !== undefined && recordIds && recordIds.length <= mostRowsByKey)
      return byRow(profileId, table, recordIds);
    return failures.list(`${keysOf(profileId, choice)}${columnsOf(choice)}`);
  }

  return {
    async list(profileId, filter, limit, continuation = '') {
      const after = continuation === '' ? '' : odata` and RowKey gt ${keyOf(continuation)}`;
      const found: Failure[] = [];
      for await (const failure of failures.list(
        `${keysOf(profileId, filter)}${after}${columnsOf(filter)}`,
        Math.min(limit + 1, 1000),
      ))
        if (found.push(failure) > limit) break;
      const part = listPart(found, limit, ({ id }) => id);
      return { ...part, items: part.items.map((failure) => ({ ...failure, history: [] })) };
    },
    async *choose(profileId, choice) {
      for await (const failure of candidates(profileId, choice))
        if (fitsChoice(failure, choice)) yield failure;
    },
  };
}

function keysOf(profileId: string, { table }: FailureChoice): string {
  if (table !== undefined) return rangeOf(profileId, failureIdTablePrefix(table));
  return odata`PartitionKey eq ${keyOf(profileId)} and RowKey lt '|'`;
}

const rangeOf = (profileId: string, prefix: string) =>
  `${odata`PartitionKey eq ${keyOf(profileId)}`} and ${inKeys(keysBeginning(prefix))}`;

function columnsOf({ cause, state, openSince }: FailureChoice): string {
  const ofCause = cause === undefined ? '' : odata` and cause eq ${cause}`;
  const ofState = state === undefined ? '' : odata`state eq ${state}`;
  if (openSince === undefined) return ofState === '' ? ofCause : `${ofCause} and ${ofState}`;
  const isOpen = ofState || "state ne 'healed' and state ne 'gone'";
  return `${ofCause} and ((${isOpen}) or ${odata`changedAt ge ${openSince}`})`;
}
