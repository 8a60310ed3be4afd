import { randomUUID } from 'node:crypto';
import type { TransactionAction } from '@azure/data-tables';
import { atMost } from '../../at-most.ts';
import { ServiceError } from '../../errors.ts';
import { canBecome, type Failure, failureStates, isOpen } from '../../model/failure.ts';
import type { FailureLedger } from '../../ports/failure-ledger.ts';
import { type DocumentTable, orNothing, transactionSize } from './document-table.ts';
import { entitiesAmong, onlyKey } from './entities-among.ts';
import { isRefusal, lostRace, storageCall, untilWritten } from './storage-call.ts';
import { type DocumentKey, keyOf, writeDocument } from './table-document.ts';

/** A partition takes some 2,000 entities a second; more at once are only throttled. */
const transactionsAtOnce = 4;
/** Failures that are read together, and written in two or three transactions. */
const failuresPerBatch = 100;
/** A transaction takes 4 MiB. */
const mostBytes = 3_500_000;

/** How the keys of the second entity begin of a failure that is open, or that needs attention. */
export const openPrefix = '|open|';
export const givenUpPrefix = '|given-up|';

/** Where a failure is. */
export const keyOfFailure = (profileId: string, failureId: string): DocumentKey => ({
  partitionKey: keyOf(profileId),
  rowKey: keyOf(failureId),
});

/** The second entity, if failures of this state have one; no id begins like its key. */
function keyOfListed({ profileId, id, state }: Failure): DocumentKey | undefined {
  const prefix = isOpen(state) ? openPrefix : givenUpPrefix;
  const isListed = isOpen(state) || state === 'needs-attention';
  return isListed ? { partitionKey: keyOf(profileId), rowKey: prefix + keyOf(id) } : undefined;
}
const listedCopy = (failure: Failure): Failure => ({ ...failure, reason: '', history: [] });

/** What writes one failure; all of it or nothing of it is done. */
interface FailureWrite {
  readonly after: Failure;
  readonly actions: readonly TransactionAction[];
}

/** Inserts those that are not there, in transactions of some fifty, and returns them. */
export async function addFailures(
  failures: DocumentTable<Failure>,
  given: readonly Failure[],
): Promise<readonly Failure[]> {
  const writing = randomUUID();
  const unique = new Map(given.map((each) => [`${each.profileId} ${each.id}`, each]));
  const inTurn = atMost(transactionsAtOnce);
  const inserting = [...Map.groupBy(unique.values(), ({ profileId }) => profileId)].flatMap(
    ([profileId, ofProfile]) =>
      transactionsOf(ofProfile.map((failure) => insertion(failures, failure, writing))).map((transaction) =>
        inTurn(() => insertAbsent(failures, profileId, transaction, writing)),
      ),
  );
  return (await Promise.all(inserting)).flat();
}

/**
 * Changes failures of one profile together with the entities that show them as open or given up, in transactions of some
 * fifty; returns those that were changed. Where another writer came between, what is left of a batch is read again.
 */
export async function updateFailures(
  failures: DocumentTable<Failure>,
  ...[profileId, failureIds, change]: Parameters<FailureLedger['update']>
): Promise<readonly Failure[]> {
  const keys = [...new Set(failureIds.map(keyOf))].sort();
  const changed: Failure[] = [];
  for (let start = 0; start < keys.length; start += failuresPerBatch) {
    const batch = keys.slice(start, start + failuresPerBatch);
    changed.push(...(await updateBatch(failures, keyOf(profileId), batch, change)));
  }
  return changed;
}

async function updateBatch(
  failures: DocumentTable<Failure>,
  partitionKey: string,
  keys: readonly string[],
  change: (failure: Failure) => Failure | undefined,
): Promise<readonly Failure[]> {
  const table = await failures.client();
  const writing = randomUUID();
  const changed: Failure[] = [];
  let left = keys;
  let isCopyMissing = false;
  return await untilWritten(`write failures of profile "${partitionKey}"`, async () => {
    const writes: FailureWrite[] = [];
    for await (const stored of failures.among(partitionKey, left.map(onlyKey))) {
      // The SDK repeats a write whose answer was lost, and is then refused because of the first one: it was ours.
      const isOurs = stored.writing === writing;
      const after = isOurs ? undefined : change(stored.document);
      if (isOurs) changed.push(stored.document);
      if (!after || after === stored.document) continue;
      checkTransition(stored.document, after);
      const actions = updating(failures, stored.document, after, stored.etag, writing);
      writes.push({ after, actions: isCopyMissing ? await withoutMissing(failures, actions) : actions });
    }
    const refused: Failure[] = [];
    for (const transaction of transactionsOf(writes)) {
      const afters = transaction.map(({ after }) => after);
      const isDone = await table
        .submitTransaction(transaction.flatMap(({ actions }) => actions))
        .then(() => true)
        .catch((error: unknown) => {
          if (!isRefusal(error, 404, 409, 412)) throw error;
          isCopyMissing ||= isRefusal(error, 404);
          return false;
        });
      (isDone ? changed : refused).push(...afters);
    }
    left = refused.map(({ id }) => keyOf(id));
    return left.length === 0 ? changed : lostRace;
  });
}

function updating(
  failures: DocumentTable<Failure>,
  before: Failure,
  after: Failure,
  etag: string,
  writing: string,
): TransactionAction[] {
  const entity = { ...failures.entity(keyOfFailure(after.profileId, after.id), after), writing };
  const [old, now] = [keyOfListed(before), keyOfListed(after)];
  return [
    ['update', entity, 'Replace', { etag }],
    ...(now ? [['upsert', writeDocument(now, listedCopy(after)), 'Replace'] as TransactionAction] : []),
    ...(old && old.rowKey !== now?.rowKey ? [['delete', old] as TransactionAction] : []),
  ];
}

/** An earlier version has listed no failure that needs attention: what is not there cannot be deleted. */
async function withoutMissing(failures: DocumentTable<Failure>, actions: readonly TransactionAction[]) {
  const table = await failures.client();
  const kept: TransactionAction[] = [];
  for (const action of actions) {
    const [kind, { partitionKey, rowKey }] = action;
    if (kind !== 'delete' || (await table.getEntity(partitionKey, rowKey).catch(orNothing(404))))
      kept.push(action);
  }
  return kept;
}

/** Refuses a change of state that the life of a failure does not have. */
function checkTransition(failure: Failure, next: Failure): void {
  if (next.state === failure.state || canBecome(failure.state, next.state)) return;
  const allowed = failureStates.filter((state) => canBecome(failure.state, state));
  throw new ServiceError(
    'INTERNAL',
    `Cannot change failure "${failure.id}" from ${failure.state} to ${next.state}: its life has no such step; allowed: ${allowed.join(', ') || 'none'}.`,
  );
}

/** Cut by number and by size as they are sent; each of them also has a head of some hundred bytes. */
function transactionsOf(writes: readonly FailureWrite[]): readonly (readonly FailureWrite[])[] {
  const transactions: FailureWrite[][] = [];
  let [entities, bytes] = [0, 0];
  for (const write of writes) {
    const { length } = write.actions;
    const size = Buffer.byteLength(JSON.stringify(write.actions)) + 1000 * length;
    const last = transactions.at(-1);
    if (last && entities + length <= transactionSize && bytes + size <= mostBytes) {
      last.push(write);
      [entities, bytes] = [entities + length, bytes + size];
    } else {
      transactions.push([write]);
      [entities, bytes] = [length, size];
    }
  }
  return transactions;
}

function insertion(failures: DocumentTable<Failure>, failure: Failure, writing: string): FailureWrite {
  const listed = keyOfListed(failure);
  const entity = failures.entity(keyOfFailure(failure.profileId, failure.id), failure);
  const actions: TransactionAction[] = [['create', { ...entity, writing }]];
  if (listed) actions.push(['upsert', writeDocument(listed, listedCopy(failure)), 'Replace']);
  return { after: failure, actions };
}

/** Inserts those of one transaction that are not there; a transaction that meets one that is inserts nothing. */
async function insertAbsent(
  failures: DocumentTable<Failure>,
  profileId: string,
  transaction: readonly FailureWrite[],
  writing: string,
): Promise<readonly Failure[]> {
  const table = await failures.client();
  const insert = (some: readonly FailureWrite[]) =>
    table.submitTransaction(some.flatMap(({ actions }) => actions)).catch(orNothing(409));
  const doing = `add failures of profile "${profileId}"`;
  const inserted = await storageCall(doing, async () => {
    if (await insert(transaction)) return transaction;
    const keys = transaction.map(({ after }) => keyOf(after.id));
    return await untilWritten(doing, async () => {
      const there = new Map<string, boolean>();
      const stored = entitiesAmong<{ writing?: string }>(table, keyOf(profileId), keys.map(onlyKey));
      for await (const { rowKey = '', writing: by } of stored) there.set(rowKey, by === writing);
      const absent = transaction.filter(({ after }) => !there.has(keyOf(after.id)));
      if (absent.length > 0 && !(await insert(absent))) return lostRace;
      // The SDK repeats a write whose answer was lost, and is then refused because of the first one: those are ours.
      return transaction.filter(({ after }) => there.get(keyOf(after.id)) ?? true);
    });
  });
  return inserted.map(({ after }) => after);
}
