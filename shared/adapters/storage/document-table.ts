import { randomUUID } from 'node:crypto';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import { hasCode } from '../../errors.ts';
import { entitiesAmong, type KeyRange } from './entities-among.ts';
import type { StorageAccount } from './storage-account.ts';
import { isRefusal, lostRace, storageCall, untilWritten } from './storage-call.ts';
import { type DocumentKey, type DocumentSchema, readDocument, writeDocument } from './table-document.ts';

/** A stored document and the etag that guards its next write. */
export interface StoredDocument<T> {
  readonly document: T;
  readonly etag: string;
  /** Names the update that made it what it is. */
  readonly writing: string | undefined;
}

/** One try of an update: the entity to be written where `etag` still is its etag, or where there is none yet. */
export interface GuardedWrite<T> {
  readonly entity: ReturnType<typeof writeDocument>;
  readonly etag: string | undefined;
  readonly before: T | undefined;
  readonly after: T;
}

/** Which document, and a text that differs after each write of it. */
export interface DocumentVersion {
  readonly rowKey: string;
  readonly version: string;
}

/** A document of a list; undefined when it cannot be read, which the log tells. */
export interface VersionedDocument<T> extends DocumentVersion {
  readonly document: T | undefined;
}

/** What one kind of document is: its table, the check when read, and columns for filters and for people. */
export interface DocumentKind<T> {
  readonly table: string;
  readonly schema: DocumentSchema<T>;
  /** The form in which it is stored, which `schema` reads; itself if absent. */
  readonly toStored?: (document: T) => unknown;
  readonly columns?: (document: T) => Readonly<Record<string, string>>;
}

/** Documents of one kind in one table of Table Storage. */
export interface DocumentTable<T> {
  read(key: DocumentKey): Promise<StoredDocument<T> | undefined>;
  /** Documents by an OData filter, in the order of their keys; those that cannot be read are logged and left out. */
  list(filter: string, maxPageSize?: number): AsyncIterable<T>;
  all(filter: string): Promise<T[]>;
  /** Documents of one partition by ranges of keys; see `entitiesAmong`. */
  among(partitionKey: string, ranges: readonly KeyRange[]): AsyncIterable<StoredDocument<T>>;
  /** The same with keys and versions. */
  listWithVersions(filter: string, maxPageSize?: number): AsyncIterable<VersionedDocument<T>>;
  /** Keys and versions alone, in the order of the keys. */
  versions(filter: string): Promise<readonly DocumentVersion[]>;
  /** Writes a document where there is none; what is stored then, and whether it is this one. */
  add(key: DocumentKey, document: T): Promise<{ readonly document: T; readonly isNew: boolean }>;
  /**
   * Applies the change until no other writer came between; undefined or what it was given writes nothing. `write` may write
   * more with it in one transaction, which is refused with 404, 409 or 412 when another writer came between.
   */
  update(
    key: DocumentKey,
    change: (document: T | undefined) => T | undefined,
    write?: (guarded: GuardedWrite<T>) => Promise<unknown>,
  ): Promise<T | undefined>;
  put(key: DocumentKey, document: T): Promise<void>;
  entity(key: DocumentKey, document: T): ReturnType<typeof writeDocument>;
  /** Deletes everything that fits the filter, until `isOver`; how many documents. */
  removeAll(filter: string, isOver?: () => boolean): Promise<number>;
  client(): Promise<TableClient>;
}

/** Entities a transaction can have. */
export const transactionSize = 100;

export function documentTable<T>(account: StorageAccount, kind: DocumentKind<T>): DocumentTable<T> {
  const client = () => account.table(kind.table);
  const nameOf = (key: DocumentKey) => `"${key.partitionKey}" / "${key.rowKey}" of table "${kind.table}"`;
  const toStored = kind.toStored ?? ((document: T) => document);
  const entity = (key: DocumentKey, document: T) =>
    writeDocument(key, toStored(document), kind.columns?.(document));

  async function read(key: DocumentKey): Promise<StoredDocument<T> | undefined> {
    const table = await client();
    return await storageCall(`read ${nameOf(key)}`, async () => {
      const stored = await table
        .getEntity<{ writing?: string }>(key.partitionKey, key.rowKey)
        .catch(orNothing(404));
      if (!stored) return undefined;
      const { etag, writing } = stored;
      return { document: readDocument(kind.table, stored, kind.schema), etag, writing };
    });
  }

  async function* rows(options: { filter: string; select?: string[] }, maxPageSize = 1000) {
    const pages = (await client()).listEntities({ queryOptions: options }).byPage({ maxPageSize });
    while (true) {
      const next = await storageCall(`list table "${kind.table}"`, () => pages.next());
      if (next.done) return;
      yield* next.value;
    }
  }

  // Both tell of the last write. A time that the SDK made a date of would be too coarse, an etag may be left out of lists.
  const versionOf = ({ rowKey = '', etag = '', timestamp = '' }) => ({
    rowKey,
    version: `${etag} ${timestamp}`,
  });

  async function* listWithVersions(
    filter: string,
    maxPageSize?: number,
  ): AsyncIterable<VersionedDocument<T>> {
    for await (const stored of rows({ filter }, maxPageSize))
      yield { ...versionOf(stored), document: readOrLog(stored) };
  }

  async function* among(partitionKey: string, ranges: readonly KeyRange[]): AsyncIterable<StoredDocument<T>> {
    for await (const stored of entitiesAmong<{ writing?: string }>(await client(), partitionKey, ranges)) {
      const { rowKey = '', etag, writing } = stored;
      const document = readOrLog(stored);
      if (document === undefined) continue;
      const whole = etag ? { document, etag, writing } : await read({ partitionKey, rowKey });
      if (whole) yield whole;
    }
  }

  async function* list(filter: string, maxPageSize?: number): AsyncIterable<T> {
    for await (const { document } of listWithVersions(filter, maxPageSize))
      if (document !== undefined) yield document;
  }

  async function versions(filter: string): Promise<readonly DocumentVersion[]> {
    const found: DocumentVersion[] = [];
    for await (const stored of rows({ filter, select: ['RowKey', 'Timestamp'] }))
      found.push(versionOf(stored));
    return found;
  }

  function readOrLog(stored: object): T | undefined {
    try {
      return readDocument(kind.table, stored, kind.schema);
    } catch (error) {
      if (!hasCode(error, 'STORAGE_DOCUMENT_UNREADABLE')) throw error;
      account.log.error(error.message);
      return undefined;
    }
  }

  async function all(filter: string): Promise<T[]> {
    const documents: T[] = [];
    for await (const document of list(filter)) documents.push(document);
    return documents;
  }

  async function writeAlone({ entity, etag }: GuardedWrite<T>): Promise<unknown> {
    const table = await client();
    return etag === undefined ? table.createEntity(entity) : table.updateEntity(entity, 'Replace', { etag });
  }

  const update: DocumentTable<T>['update'] = async (key, change, write = writeAlone) => {
    const writing = randomUUID();
    let tried: T | undefined;
    return await untilWritten(`write ${nameOf(key)}`, async () => {
      const stored = await read(key);
      // The SDK repeats a write whose answer was lost, and is then refused because of the first one: it was ours.
      if (tried !== undefined && stored?.writing === writing) return tried;
      const before = stored?.document;
      const after = change(before);
      if (after === undefined || after === before) return before;
      tried = after;
      const guarded = { entity: { ...entity(key, after), writing }, etag: stored?.etag, before, after };
      return (await write(guarded).catch(orNothing(404, 409, 412))) ? after : lostRace;
    });
  };

  const add: DocumentTable<T>['add'] = async (key, document) => {
    const writing = randomUUID();
    const table = await client();
    const isMade = await storageCall(`add ${nameOf(key)}`, () =>
      table.createEntity({ ...entity(key, document), writing }).catch(orNothing(409)),
    );
    if (isMade) return { document, isNew: true };
    const stored = await read(key);
    // As above: the answer may have been lost.
    return { document: stored?.document ?? document, isNew: stored?.writing === writing };
  };

  async function put(key: DocumentKey, document: T): Promise<void> {
    const table = await client();
    await storageCall(`write ${nameOf(key)}`, () => table.upsertEntity(entity(key, document), 'Replace'));
  }

  async function removeAll(filter: string, isOver = () => false): Promise<number> {
    const table = await client();
    return await storageCall(`clear table "${kind.table}"`, async () => {
      const select = ['PartitionKey', 'RowKey'];
      const pages = table
        .listEntities({ queryOptions: { filter, select } })
        .byPage({ maxPageSize: transactionSize });
      let removed = 0;
      for await (const page of pages) {
        for (const entities of Map.groupBy(page, ({ partitionKey }) => partitionKey).values()) {
          await removeTogether(table, entities as DocumentKey[]);
          removed += entities.length;
        }
        if (isOver()) break;
      }
      return removed;
    });
  }

  return { read, list, all, among, listWithVersions, versions, add, update, put, entity, removeAll, client };
}

/** Deletes entities of one partition, at most `transactionSize`; no matter which of them are there. */
export async function removeTogether(table: TableClient, keys: readonly DocumentKey[]): Promise<void> {
  const actions = keys.map(
    ({ partitionKey, rowKey }): TransactionAction => ['delete', { partitionKey, rowKey }],
  );
  // Somebody else may delete the same; then one at a time, whatever is left.
  if (await table.submitTransaction(actions).catch(orNothing(404))) return;
  for (const { partitionKey, rowKey } of keys)
    await table.deleteEntity(partitionKey, rowKey).catch(orNothing(404));
}

/** Answers undefined for a refusal that was expected, as in `.catch(orNothing(404))`. */
export function orNothing(...statuses: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!isRefusal(error, ...statuses)) throw error;
    return undefined;
  };
}
