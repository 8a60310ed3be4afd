import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { Client } from 'pg';
import { afterAll, expect, inject, test } from 'vitest';
import { startStorage } from '../../local/storage/start-storage.ts';
import { leaksInDatabase, leaksInFiles } from './leak-scan.ts';

const folder = mkdtempSync(join(tmpdir(), 'leak-scan-'));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const secret = `unmistakable-${randomUUID()}`;
type Plant = (connectionString: string) => Promise<unknown>;

const inTable: Plant = async (connectionString) => {
  const table = TableClient.fromConnectionString(connectionString, 'Profiles', {
    allowInsecureConnection: true,
  });
  await table.createTable();
  await table.createEntity({ partitionKey: 'p', rowKey: 'r', document: JSON.stringify({ secret }) });
};

const inQueue: Plant = async (connectionString) => {
  const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient('sync-table');
  await queue.create();
  await queue.sendMessage(Buffer.from(JSON.stringify({ secret })).toString('base64'));
  // Taken, as by a trigger that still works on it: no client could see it now.
  await queue.receiveMessages({ visibilityTimeout: 600 });
};

const inBlob: Plant = async (connectionString) => {
  const container = BlobServiceClient.fromConnectionString(connectionString).getContainerClient('failures');
  await container.create();
  const blob = container.getAppendBlobClient('failurelog/2026/1/1/1/log.txt');
  await blob.create();
  const line = `Entity: account, FailureReason: ${secret}\n`;
  await blob.appendBlock(line, line.length);
};

test.each([
  ['a table', inTable],
  ['a message of a queue', inQueue],
  ['a blob', inBlob],
])('the scan finds a secret in %s of the storage account', async (name, plant) => {
  const data = join(folder, name.replaceAll(' ', '-'));
  const storage = await startStorage({ folder: data });
  try {
    await plant(storage.connectionString);
  } finally {
    await storage.close();
  }
  const [leak, ...more] = leaksInFiles(data, [secret]);
  expect(leak).toMatchObject({ kind: 'a known secret' });
  expect(more).toEqual([]);
});

test.each(['ReplicationRejectedRow', 'crm_ReplicationCheckpoint'])(
  "the scan finds a secret in a destination's table %s",
  async (table) => {
    const name = `scan_${randomUUID().slice(0, 8)}`;
    const admin = new Client({ connectionString: inject('database') });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    const url = Object.assign(new URL(inject('database')), { pathname: name }).href;
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      await client.query(`CREATE TABLE "${table}" (id integer, reason text)`);
      await client.query(`INSERT INTO "${table}" VALUES (1, 'none'), (2, $1)`, [secret]);
      const leak = { place: `public."${table}"`, kind: 'a known secret' };
      expect(await leaksInDatabase(url, [secret])).toEqual([leak]);
    } finally {
      await client.end();
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    }
  },
);
