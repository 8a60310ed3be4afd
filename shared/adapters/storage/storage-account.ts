import { TableClient } from '@azure/data-tables';
import { BlobServiceClient, type ContainerClient, type newPipeline } from '@azure/storage-blob';
import { type QueueClient, QueueServiceClient } from '@azure/storage-queue';
import { ServiceError } from '../../errors.ts';
import { isLoopbackHost } from '../../hosts.ts';
import type { Log } from '../../ports/log.ts';
import { storageCall } from './storage-call.ts';

type Credential = NonNullable<Parameters<typeof newPipeline>[0]>;

/** An Entra token credential, as the SDKs of Azure take it. */
export type StorageCredential = Extract<Credential, { getToken: unknown }>;

/** A connection string (locally), or the account's name and the app's identity (in Azure). */
export type StorageAccountOptions =
  | { readonly connectionString: string }
  | { readonly accountName: string; readonly credential: StorageCredential };

/** The storage account of this app. Queues, tables and containers are made at first use, once per process. */
export interface StorageAccount {
  readonly blobs: BlobServiceClient;
  /** True when links to blobs must be signed with a user delegation key, for want of an account key. */
  readonly hasIdentity: boolean;
  readonly log: Log;
  table(name: string): Promise<TableClient>;
  queue(name: string): Promise<QueueClient>;
  container(name: string): Promise<ContainerClient>;
  /** Deletes the container with all its blobs; nothing happens when it is gone already. */
  deleteContainer(name: string): Promise<void>;
}

// Bounded, so that a storage account that does not answer is reported within about a minute.
const pipelineRetries = { maxTries: 4, tryTimeoutInMs: 20_000, retryDelayInMs: 200, maxRetryDelayInMs: 5000 };
const tableRetries = { maxRetries: 3, retryDelayInMs: 200, maxRetryDelayInMs: 5000 };

/**
 * Calls nobody yet; `SETTINGS_INVALID` when the connection string is none. `log` is told of stored documents that cannot
 * be read.
 */
export function storageAccount(options: StorageAccountOptions, log: Log): StorageAccount {
  const { blobs, queues, tableClient } = connectOrRefuse(options);
  const made = new Map<string, Promise<unknown>>();

  function once<Made>(what: string, make: () => Promise<Made>): Promise<Made> {
    const known = made.get(what) as Promise<Made> | undefined;
    if (known) return known;
    const making = storageCall(`make ${what}`, make);
    made.set(what, making);
    // What failed is tried again by the next use.
    making.catch(() => made.delete(what));
    return making;
  }

  return {
    blobs,
    hasIdentity: !('connectionString' in options),
    log,
    table: (name) =>
      once(`table "${name}"`, async () => {
        const table = tableClient(name);
        await table.createTable();
        return table;
      }),
    queue: (name) =>
      once(`queue "${name}"`, async () => {
        const queue = queues.getQueueClient(name);
        await queue.createIfNotExists();
        return queue;
      }),
    container: (name) =>
      once(`container "${name}"`, async () => {
        const container = blobs.getContainerClient(name);
        await container.createIfNotExists();
        return container;
      }),
    async deleteContainer(name) {
      const what = `container "${name}"`;
      await storageCall(`delete ${what}`, () => blobs.getContainerClient(name).deleteIfExists());
      made.delete(what);
    },
  };
}

function connectOrRefuse(options: StorageAccountOptions) {
  try {
    return connect(options);
  } catch {
    // The SDK's own text may repeat a part of it.
    throw new ServiceError(
      'SETTINGS_INVALID',
      'Cannot use the storage account: AzureWebJobsStorage is no connection string; expected one of a storage account.',
      { parameters: ['AzureWebJobsStorage'] },
    );
  }
}

function connect(options: StorageAccountOptions) {
  const retryOptions = pipelineRetries;
  if ('connectionString' in options) {
    const { connectionString } = options;
    // The SDK of tables wants to be told; in Azure it is always https.
    const allowInsecureConnection = isLoopbackConnection(connectionString);
    return {
      blobs: BlobServiceClient.fromConnectionString(connectionString, { retryOptions }),
      queues: QueueServiceClient.fromConnectionString(connectionString, { retryOptions }),
      tableClient: (name: string) =>
        TableClient.fromConnectionString(connectionString, name, {
          allowInsecureConnection,
          retryOptions: tableRetries,
        }),
    };
  }
  const { accountName, credential } = options;
  const address = (service: string) => `https://${accountName}.${service}.core.windows.net`;
  return {
    blobs: new BlobServiceClient(address('blob'), credential, { retryOptions }),
    queues: new QueueServiceClient(address('queue'), credential, { retryOptions }),
    tableClient: (name: string) =>
      new TableClient(address('table'), name, credential, { retryOptions: tableRetries }),
  };
}

function isLoopbackConnection(connectionString: string): boolean {
  if (/UseDevelopmentStorage=true/i.test(connectionString)) return true;
  const endpoint = /TableEndpoint=([^;]+)/i.exec(connectionString)?.[1];
  return endpoint !== undefined && URL.canParse(endpoint) && isLoopbackHost(new URL(endpoint).hostname);
}
