import { odata, type TransactionAction } from '@azure/data-tables';
import { type Failure, failureSchema } from '../../model/failure.ts';
import { failureIdPrefix, failureIdTablePrefix } from '../../model/failure-id.ts';
import type { FailureLedger, Watermark } from '../../ports/failure-ledger.ts';
import { documentTable, orNothing, removeTogether, transactionSize } from './document-table.ts';
import { inKeys, keysBeginning } from './entities-among.ts';
import { failureLists } from './failure-lists.ts';
import { quarantineContainer, quarantineText } from './failure-quarantine.ts';
import { addFailures, givenUpPrefix, keyOfFailure, openPrefix, updateFailures } from './failure-writes.ts';
import { purgeBlobs } from './purge-blobs.ts';
import type { StorageAccount } from './storage-account.ts';
import { storageCall } from './storage-call.ts';
import { keyOf } from './table-document.ts';

/**
 * Name of the table of failures: a partition a profile. The row key is the failure's id, so that those of one row are
 * neighbours. A failure that is open or needs attention has a second entity, `|open|` or `|given-up|` before the id, without
 * reason and columns, which is written and removed in the transaction that changes the first. What is asked, and what it
 * costs:
 * - `open`, `givenUp`: the key range of `|open|` or `|given-up|`; grows with what is there, not with all that ever failed;
 * - `ofRows`: the key ranges of the rows' ids, a request for those that are neighbours, one a row for strangers;
 * - `get`: one entity;
 * - `list`, `choose`: the key range of the table, or all of the profile; see `failureLists`;
 * - `add`: a transaction for each 50 failures; where some are there already, a read and one transaction more;
 * - `update`: for each 100 failures a read, if they are neighbours, and two transactions.
 */
export const failuresTable = 'Failures';
/** Name of the table that says how far each blob was read: a partition a profile, and one for the times of all profiles. */
export const watermarksTable = 'FailureWatermarks';

const keyOfBlob = (profileId: string, blobName: string) => ({
  partitionKey: keyOf(profileId),
  rowKey: keyOf(blobName),
});

/** No profile's id, so that a profile's partition holds blobs alone. */
const keyOfReadUpTo = (profileId: string) => ({ partitionKey: '|read-up-to|', rowKey: keyOf(profileId) });

type WatermarkRow = Omit<Watermark, 'etag'> & { readonly blobEtag: string };

export function failureLedger(account: StorageAccount): FailureLedger {
  const failures = documentTable(account, {
    table: failuresTable,
    schema: failureSchema,
    columns: ({ entity, recordId, state, cause, changedAt, note }) => ({
      ...{ entity, recordId: recordId ?? 'N/A', state, cause, changedAt },
      note: note.slice(0, 1000),
    }),
  });
  const inPartition = (profileId: string) => odata`PartitionKey eq ${keyOf(profileId)}`;

  return {
    ...failureLists(failures),
    add: (given) => addFailures(failures, given),
    open(profileId, table) {
      const prefix = openPrefix + (table === undefined ? '' : failureIdTablePrefix(table));
      return failures.list(`${inPartition(profileId)} and ${inKeys(keysBeginning(prefix))}`);
    },
    givenUp: (profileId) =>
      failures.list(`${inPartition(profileId)} and ${inKeys(keysBeginning(givenUpPrefix))}`),
    async ofRows(profileId, table, recordIds) {
      const found = new Map<string, Failure[]>();
      const ranges = [...new Set(recordIds)].map((recordId) =>
        keysBeginning(failureIdPrefix(table, recordId)),
      );
      for await (const { document } of failures.among(keyOf(profileId), ranges)) {
        const { recordId = '' } = document;
        found.set(recordId, [...(found.get(recordId) ?? []), document]);
      }
      return found;
    },
    get: async (profileId, failureId) => (await failures.read(keyOfFailure(profileId, failureId)))?.document,
    update: (profileId, failureIds, change) => updateFailures(failures, profileId, failureIds, change),
    async watermarks(profileId) {
      const table = await account.table(watermarksTable);
      const found = new Map<string, Watermark>();
      await storageCall(`list table "${watermarksTable}"`, async () => {
        const filter = inPartition(profileId);
        // `etag` is a word of the SDK, so ours has another name.
        const rows = table.listEntities<WatermarkRow>({ queryOptions: { filter } });
        for await (const { blobName, offset, blobEtag, head = '' } of rows)
          found.set(blobName, { blobName, offset, etag: blobEtag, head });
      });
      return found;
    },
    async setWatermarks(profileId, watermarks) {
      const table = await account.table(watermarksTable);
      for (let at = 0; at < watermarks.length; at += transactionSize) {
        const actions = watermarks
          .slice(at, at + transactionSize)
          .map(({ etag, ...rest }): TransactionAction => {
            const row = { ...keyOfBlob(profileId, rest.blobName), ...rest, blobEtag: etag };
            return ['upsert', row, 'Replace'];
          });
        await storageCall(`write table "${watermarksTable}"`, () => table.submitTransaction(actions));
      }
    },
    async readUpTo(profileId) {
      const table = await account.table(watermarksTable);
      const { partitionKey, rowKey } = keyOfReadUpTo(profileId);
      const row = await storageCall(`read table "${watermarksTable}"`, () =>
        table.getEntity<{ at: string }>(partitionKey, rowKey).catch(orNothing(404)),
      );
      return row?.at;
    },
    async setReadUpTo(profileId, at) {
      const table = await account.table(watermarksTable);
      await storageCall(`write table "${watermarksTable}"`, () =>
        table.upsertEntity({ ...keyOfReadUpTo(profileId), at }, 'Replace'),
      );
    },
    async forgetBlobs(profileId, blobNames, isOver) {
      const table = await account.table(watermarksTable);
      for (let at = 0; at < blobNames.length && (at === 0 || !isOver()); at += transactionSize) {
        const keys = blobNames.slice(at, at + transactionSize).map((name) => keyOfBlob(profileId, name));
        await storageCall(`clear table "${watermarksTable}"`, () => removeTogether(table, keys));
      }
    },
    quarantine: (profileId, text) => quarantineText(account, profileId, text),
    // Both states are final, so that nothing that is deleted can have been opened again meanwhile.
    purge: (before, isOver) =>
      failures.removeAll(
        odata`(state eq 'healed' or state eq 'gone') and changedAt lt ${before.toISOString()}`,
        isOver,
      ),
    purgeQuarantine: async (before, isOver) =>
      purgeBlobs(await account.container(quarantineContainer), before, isOver),
  };
}
