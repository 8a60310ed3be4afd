import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, expect, test } from 'vitest';
import { startProgram } from '../../local/platform/start-program.ts';
import {
  startStorage,
  storageArgs,
  storageConnectionString,
  storageProgram,
} from '../../local/storage/start-storage.ts';

const anyPorts = { blob: 0, queue: 0, table: 0 };

const folder = mkdtempSync(join(tmpdir(), 'storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('blobs, queues and tables answer the clients of the Azure SDK, and a restart keeps what they hold', async () => {
  const first = await startStorage({ folder });
  const container = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient('kept');
  await container.create();
  const blob = container.getAppendBlobClient('a/b.log');
  await blob.create();
  await blob.appendBlock('line\n', 5);
  const queue = QueueServiceClient.fromConnectionString(first.connectionString).getQueueClient('kept');
  await queue.create();
  await queue.sendMessage('message');
  const table = TableClient.fromConnectionString(first.connectionString, 'Kept', {
    allowInsecureConnection: true,
  });
  await table.createTable();
  await table.createEntity({ partitionKey: 'p', rowKey: 'r', value: 7 });
  await first.close();

  const second = await startStorage({ folder });
  try {
    const blobs = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient('kept');
    expect((await blobs.getBlobClient('a/b.log').downloadToBuffer()).toString()).toBe('line\n');
    const queues = QueueServiceClient.fromConnectionString(second.connectionString).getQueueClient('kept');
    expect((await queues.receiveMessages()).receivedMessageItems[0]?.messageText).toBe('message');
    const tables = TableClient.fromConnectionString(second.connectionString, 'Kept', {
      allowInsecureConnection: true,
    });
    expect((await tables.getEntity('p', 'r')).value).toBe(7);
  } finally {
    await second.close();
  }
});

test('storage that is killed with -9 has kept what is older than a second', async () => {
  const first = await startProgram({
    name: 'storage',
    file: storageProgram,
    args: storageArgs(anyPorts, folder),
  });
  const connectionString = storageConnectionString(first.url);
  const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient('survivor');
  await queue.create();
  await queue.sendMessage('message');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  first.kill('SIGKILL');
  await first.exited;

  const second = await startStorage({ folder });
  try {
    const queues = QueueServiceClient.fromConnectionString(second.connectionString).getQueueClient(
      'survivor',
    );
    expect((await queues.receiveMessages()).receivedMessageItems[0]?.messageText).toBe('message');
  } finally {
    await second.close();
  }
});
