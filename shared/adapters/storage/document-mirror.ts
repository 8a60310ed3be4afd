import { randomUUID } from 'node:crypto';
import { odata, type TransactionAction } from '@azure/data-tables';
import { atMost, sharedRuns } from '../../at-most.ts';
import {
  type DocumentTable,
  type DocumentVersion,
  orNothing,
  type VersionedDocument,
} from './document-table.ts';
import { storageCall } from './storage-call.ts';

/** The documents that are mirrored: row keys from `first`, below `end`, of one partition. */
export interface MirroredKeys {
  readonly partitionKey: string;
  readonly first: string;
  readonly end: string;
}

/** All documents of a range of keys, in memory. */
export interface DocumentMirror<T> {
  /** The documents in the order of their keys, as they are now or a moment later. They are shared: change none. */
  all(): Promise<readonly T[]>;
  /** Belongs into each transaction that writes one of the documents: with it, every instance looks for what changed. */
  mark(): TransactionAction;
}

/** Someone may write without the mark: an instance of an earlier version, a person. */
const mostAgeMilliseconds = 5 * 60_000;

/** A page of Table Storage has 1,000 rows or 4 MB at most: with documents of 10 KB, some 200 are one page. */
const documentsARequest = 200;
const requestsAtOnce = 8;

/**
 * A mirror of documents that are read far more often than written. While nothing was written, looking costs one small
 * request; else the versions of all documents are listed and those that changed are read.
 */
export function documentMirror<T>(documents: DocumentTable<T>, keys: MirroredKeys): DocumentMirror<T> {
  const { partitionKey } = keys;
  const markKey = { partitionKey, rowKey: 'mark' };
  const inTurn = atMost(requestsAtOnce);
  let known = new Map<string, VersionedDocument<T>>();
  let readable: readonly T[] = [];
  let seen: { readonly mark: string | undefined; readonly at: number } = { mark: undefined, at: 0 };

  async function readMark(): Promise<string | undefined> {
    const table = await documents.client();
    return await storageCall(`look for changes in partition "${partitionKey}"`, async () => {
      const row = await table
        .getEntity<{ mark: string }>(markKey.partitionKey, markKey.rowKey)
        .catch(orNothing(404));
      return row?.mark;
    });
  }

  async function refresh(): Promise<readonly T[]> {
    const at = Date.now();
    // Read first: what is written from now on changes it, so it is seen the next time.
    const mark = await readMark();
    if (mark !== undefined && mark === seen.mark && at - seen.at < mostAgeMilliseconds) return readable;
    const { first, end } = keys;
    const versions = await documents.versions(
      odata`PartitionKey eq ${partitionKey} and RowKey ge ${first} and RowKey lt ${end}`,
    );
    const read = new Map<string, VersionedDocument<T>>();
    const unchanged = ({ rowKey, version }: DocumentVersion) => {
      const one = known.get(rowKey);
      return one?.version === version ? one : undefined;
    };
    await Promise.all(
      runsOf(versions, (each) => !unchanged(each)).map(([from, to]) =>
        inTurn(async () => {
          const filter = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey le ${to}`;
          for await (const each of documents.listWithVersions(filter)) read.set(each.rowKey, each);
        }),
      ),
    );
    const current = versions.flatMap((each) => read.get(each.rowKey) ?? unchanged(each) ?? []);
    known = new Map(current.map((each) => [each.rowKey, each]));
    readable = current.flatMap(({ document }) => document ?? []);
    seen = { mark, at };
    return readable;
  }

  return {
    // What is under way may have looked before the caller's last write; the next one serves all who come meanwhile.
    all: sharedRuns(refresh),
    mark: () => ['upsert', { ...markKey, mark: randomUUID() }, 'Replace'],
  };
}

/** First and last key of neighbours that are wanted, so that few requests read them and nothing else. */
function runsOf<Each extends { readonly rowKey: string }>(
  sorted: readonly Each[],
  isWanted: (each: Each) => boolean,
): readonly (readonly [string, string])[] {
  const runs: (readonly [string, string])[] = [];
  let run: string[] = [];
  const close = () => {
    const [first] = run;
    const last = run.at(-1);
    if (first !== undefined && last !== undefined) runs.push([first, last]);
    run = [];
  };
  for (const each of sorted) {
    if (!isWanted(each)) close();
    else if (run.push(each.rowKey) === documentsARequest) close();
  }
  close();
  return runs;
}
