import type { TableClient, TransactionAction } from '@azure/data-tables';
import { hasCode } from '../../errors.ts';
import type { StorageAccount } from './storage-account.ts';
import { isRefusal, lostRace, storageCall, untilWritten } from './storage-call.ts';
import { type DocumentKey, type DocumentSchema, readDocument, writeDocument } from './table-document.ts';

/** A stored document and the etag that guards its next write. */
export interface StoredDocument<T> {
  readonly document: T;
  readonly etag: string;
}

/** What one kind of document is: its table, the check when read, and columns for filters and for people. */
export interface DocumentKind<T> {
  readonly table: string;
  readonly schema: DocumentSchema<T>;
  readonly columns?: (document: T) => Readonly<Record<string, string>>;
}

/** Documents of one kind in one table of Table Storage. */
export interface DocumentTable<T> {
  read(key: DocumentKey): Promise<StoredDocument<T> | undefined>;
  /** Documents by an OData filter, in the order of their keys; those that cannot be read are logged and left out. */
  list(filter: string, maxPageSize?: number): AsyncIterable<T>;
  all(filter: string): Promise<T[]>;
  /** Applies the change until no other writer came between; undefined or what it was given writes nothing. */
  update(key: DocumentKey, change: (document: T | undefined) => T | undefined): Promise<T | undefined>;
  put(key: DocumentKey, document: T): Promise<void>;
  entity(key: DocumentKey, document: T): ReturnType<typeof writeDocument>;
  /** Deletes everything that fits the filter, which must name one partition. */
  removeAll(filter: string): Promise<void>;
  client(): Promise<TableClient>;
}

/** Entities a transaction can have. */
export const transactionSize = 100;

export function documentTable<T>(account: StorageAccount, kind: DocumentKind<T>): DocumentTable<T> {
  const client = () => account.table(kind.table);
  const nameOf = (key: DocumentKey) => `"${key.partitionKey}" / "${key.rowKey}" of table "${kind.table}"`;
  const entity = (key: DocumentKey, document: T) => writeDocument(key, document, kind.columns?.(document));

  async function read(key: DocumentKey): Promise<StoredDocument<T> | undefined> {
    const table = await client();
    return await storageCall(`read ${nameOf(key)}`, async () => {
      const stored = await table.getEntity(key.partitionKey, key.rowKey).catch(orNothing(404));
      return stored && { document: readDocument(kind.table, stored, kind.schema), etag: stored.etag };
    });
  }

  async function* list(filter: string, maxPageSize = 1000): AsyncIterable<T> {
    const pages = (await client()).listEntities({ queryOptions: { filter } }).byPage({ maxPageSize });
    while (true) {
      const next = await storageCall(`list table "${kind.table}"`, () => pages.next());
      if (next.done) return;
      for (const stored of next.value) {
        const document = readOrLog(stored);
        if (document !== undefined) yield document;
      }
    }
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

  async function update(key: DocumentKey, change: (document: T | undefined) => T | undefined) {
    const table = await client();
    return await untilWritten(`write ${nameOf(key)}`, async () => {
      const stored = await read(key);
      const next = change(stored?.document);
      if (next === undefined || next === stored?.document) return stored?.document;
      const write = stored
        ? table.updateEntity(entity(key, next), 'Replace', { etag: stored.etag })
        : table.createEntity(entity(key, next));
      const written = await write.catch(orNothing(404, 409, 412));
      return written ? next : lostRace;
    });
  }

  async function put(key: DocumentKey, document: T): Promise<void> {
    const table = await client();
    await storageCall(`write ${nameOf(key)}`, () => table.upsertEntity(entity(key, document), 'Replace'));
  }

  async function removeAll(filter: string): Promise<void> {
    const table = await client();
    await storageCall(`clear table "${kind.table}"`, async () => {
      const select = ['PartitionKey', 'RowKey'];
      const pages = table
        .listEntities({ queryOptions: { filter, select } })
        .byPage({ maxPageSize: transactionSize });
      for await (const page of pages) {
        const actions = page.map((each): TransactionAction => ['delete', each as never]);
        // Somebody else may delete the same; then one at a time, whatever is left.
        if (actions.length > 0 && !(await table.submitTransaction(actions).catch(orNothing(404))))
          for (const { partitionKey = '', rowKey = '' } of page)
            await table.deleteEntity(partitionKey, rowKey).catch(orNothing(404));
      }
    });
  }

  return { read, list, all, update, put, entity, removeAll, client };
}

/** Answers undefined for a refusal that was expected, as in `.catch(orNothing(404))`. */
export function orNothing(...statuses: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!isRefusal(error, ...statuses)) throw error;
    return undefined;
  };
}
