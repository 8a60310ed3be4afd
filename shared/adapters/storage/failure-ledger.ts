import { odata, type TransactionAction } from '@azure/data-tables';
import { atMost } from '../../at-most.ts';
import { ServiceError } from '../../errors.ts';
import { canBecome, type Failure, failureSchema, failureStates, isOpen } from '../../model/failure.ts';
import { failureIdPrefix } from '../../model/failure-id.ts';
import type { FailureLedger, Watermark } from '../../ports/failure-ledger.ts';
import { type DocumentTable, documentTable, orNothing, transactionSize } from './document-table.ts';
import { failureLists } from './failure-lists.ts';
import { quarantineContainer, quarantineText } from './failure-quarantine.ts';
import { purgeBlobs } from './purge-blobs.ts';
import type { StorageAccount } from './storage-account.ts';
import { lostRace, storageCall, untilWritten } from './storage-call.ts';
import { keyOf, writeDocument } from './table-document.ts';

/**
 * Name of the table of failures: a partition a profile. The row key is the failure's id, so that those of one row are
 * neighbours. A failure that is open or needs attention has a second entity, `|open|` or `|given-up|` before the id, without
 * reason and columns, which is written and removed in the transaction that changes the first. What is asked, and what it
 * costs:
 * - `open`, `givenUp`: the key range of `|open|` or `|given-up|`; grows with what is there, not with all that ever failed;
 * - `ofRow`: the key range of the row's ids; `get`: one entity;
 * - `list`, `choose`: the key range of the table, or all of the profile; see `failureLists`;
 * - `add`: a transaction for each 50 failures; where some are there already, a read each and one transaction more;
 * - `update`: a read and a transaction of one or two entities.
 */
export const failuresTable = 'Failures';
/** Name of the table that says how far each blob was read: a partition a profile. */
export const watermarksTable = 'FailureWatermarks';

/** A partition takes some 2,000 entities a second; more at once are only throttled. */
const transactionsAtOnce = 4;

const openPrefix = '|open|';
const givenUpPrefix = '|given-up|';
// `}` follows `|`.
const inKeyRange = (prefix: string) =>
  odata`RowKey ge ${prefix}` + odata` and RowKey lt ${`${prefix.slice(0, -1)}}`}`;

const keyOfFailure = (profileId: string, failureId: string) => ({
  partitionKey: keyOf(profileId),
  rowKey: keyOf(failureId),
});

const keyOfBlob = (profileId: string, blobName: string) => ({
  partitionKey: keyOf(profileId),
  rowKey: keyOf(blobName),
});

/** The second entity, if failures of this state have one; no id begins like its key. */
function keyOfListed({ profileId, id, state }: Failure) {
  const prefix = isOpen(state) ? openPrefix : givenUpPrefix;
  const isListed = isOpen(state) || state === 'needs-attention';
  return isListed ? { partitionKey: keyOf(profileId), rowKey: prefix + keyOf(id) } : undefined;
}
const listedCopy = (failure: Failure): Failure => ({ ...failure, reason: '', history: [] });

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
    async add(given) {
      const unique = [...new Map(given.map((each) => [`${each.profileId} ${each.id}`, each])).values()];
      const inTurn = atMost(transactionsAtOnce);
      const inserting = batchesOf(unique).map((batch) => inTurn(() => insertAbsent(failures, batch)));
      return (await Promise.all(inserting)).flat();
    },
    open: (profileId) => failures.list(`${inPartition(profileId)} and ${inKeyRange(openPrefix)}`),
    givenUp: (profileId) => failures.list(`${inPartition(profileId)} and ${inKeyRange(givenUpPrefix)}`),
    async ofRow(profileId, table, recordId) {
      const ofRow = inKeyRange(failureIdPrefix(table, recordId));
      return await failures.all(`${inPartition(profileId)} and ${ofRow}`);
    },
    get: async (profileId, failureId) => (await failures.read(keyOfFailure(profileId, failureId)))?.document,
    update: (profileId, failureId, change) => updateBoth(failures, profileId, failureId, change),
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
    async forgetBlobs(profileId, blobNames) {
      const table = await account.table(watermarksTable);
      for (const blobName of blobNames) {
        const { partitionKey, rowKey } = keyOfBlob(profileId, blobName);
        await storageCall(`clear table "${watermarksTable}"`, () =>
          table.deleteEntity(partitionKey, rowKey).catch(orNothing(404)),
        );
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

/** Writes the failure, and with it the entity that shows it as open. */
async function updateBoth(
  failures: DocumentTable<Failure>,
  ...[profileId, failureId, change]: Parameters<FailureLedger['update']>
): Promise<Failure | undefined> {
  const table = await failures.client();
  const checked = (failure: Failure | undefined) => {
    const next = failure && change(failure);
    if (failure && next) checkTransition(failure, next);
    return next;
  };
  return await failures.update(
    keyOfFailure(profileId, failureId),
    checked,
    async ({ entity, etag = '', before, after }) => {
      const actions: TransactionAction[] = [['update', entity, 'Replace', { etag }]];
      const [old, now] = [before && keyOfListed(before), keyOfListed(after)];
      if (now) actions.push(['upsert', writeDocument(now, listedCopy(after)), 'Replace']);
      if (!old || old.rowKey === now?.rowKey) return table.submitTransaction(actions);
      // An earlier version has listed no failure that needs attention.
      return (
        (await table.submitTransaction([...actions, ['delete', old]]).catch(orNothing(404))) ??
        table.submitTransaction(actions)
      );
    },
  );
}

/** Refuses a change of state that the life of a failure does not have. */
export function checkTransition(failure: Failure, next: Failure): void {
  if (next.state === failure.state || canBecome(failure.state, next.state)) return;
  const allowed = failureStates.filter((state) => canBecome(failure.state, state));
  throw new ServiceError(
    'INTERNAL',
    `Cannot change failure "${failure.id}" from ${failure.state} to ${next.state}: its life has no such step; allowed: ${allowed.join(', ') || 'none'}.`,
  );
}

/** Cut by number and by size: a transaction takes 100 entities, two a failure, and 4 MiB. */
function batchesOf(failures: readonly Failure[]): Failure[][] {
  const batches: Failure[][] = [];
  let size = 0;
  for (const failure of failures) {
    const texts = [failure, listedCopy(failure)].map((each) => JSON.stringify(each));
    const bytes = 2 * Buffer.byteLength(texts.join('')) + 4000;
    const last = batches.at(-1);
    const fits = last && last.length < transactionSize / 2 && size + bytes <= 3_500_000;
    if (fits && last[0]?.profileId === failure.profileId) {
      last.push(failure);
      size += bytes;
    } else {
      batches.push([failure]);
      size = bytes;
    }
  }
  return batches;
}

/** Inserts those of one batch that are not there; a transaction that meets one that is inserts nothing. */
async function insertAbsent(failures: DocumentTable<Failure>, batch: readonly Failure[]): Promise<Failure[]> {
  const table = await failures.client();
  const insert = (some: readonly Failure[]) =>
    table
      .submitTransaction(
        some.flatMap((each): TransactionAction[] => {
          const listed = keyOfListed(each);
          const entity = failures.entity(keyOfFailure(each.profileId, each.id), each);
          return [
            ['create', entity],
            ...(listed ? [['create', writeDocument(listed, listedCopy(each))] as TransactionAction] : []),
          ];
        }),
      )
      .catch(orNothing(409));
  return await storageCall(`add to table "${failuresTable}"`, async () => {
    if (await insert(batch)) return [...batch];
    return await untilWritten(`add to table "${failuresTable}"`, async () => {
      const isThere = await Promise.all(
        batch.map(({ profileId, id }) => {
          const { partitionKey, rowKey } = keyOfFailure(profileId, id);
          const select = ['RowKey'];
          return table.getEntity(partitionKey, rowKey, { queryOptions: { select } }).catch(orNothing(404));
        }),
      );
      const absent = batch.filter((_, index) => !isThere[index]);
      return absent.length === 0 || (await insert(absent)) ? absent : lostRace;
    });
  });
}
