import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, expect, test } from 'vitest';
import { startStorage } from '../../local/storage/start-storage.ts';

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
