import { execFileSync } from 'node:child_process';
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { startStorage } from '../local/storage/start-storage.ts';
import { failureBlobs } from '../shared/adapters/storage/failure-blobs.ts';
import { failureLedger } from '../shared/adapters/storage/failure-ledger.ts';
import { failureContainerName, failureLog } from '../shared/adapters/storage/failure-log.ts';
import { storageAccount } from '../shared/adapters/storage/storage-account.ts';
import { consoleLog } from '../shared/adapters/system/console-log.ts';
import { systemClock } from '../shared/adapters/system/system-clock.ts';
import { atMost } from '../shared/at-most.ts';
import type { AutomationPorts } from '../shared/automation/automation-ports.ts';
import { ingestFailures } from '../shared/automation/ingest-failures.ts';
import { writeFailureLine } from '../shared/model/failure-line.ts';
import type { ExporterApi } from '../shared/ports/exporter-api.ts';
import type { FailureLedger } from '../shared/ports/failure-ledger.ts';
import { figure, printFigures } from './print-figures.ts';
import { forgetPeak, memoryOf } from './process-usage.ts';

const readMegabytes = Number(process.argv[2] ?? 1024);
const writtenEntries = Number(process.argv[3] ?? 50_000);

const folder = mkdtempSync(join(tmpdir(), 'ingest-log-'));
const storage = await startStorage();
const account = storageAccount({ connectionString: storage.connectionString }, consoleLog());
const log = failureLog(account);

const entryOf = (row: number) =>
  writeFailureLine({
    entity: 'account',
    recordId: `00000000-0000-4000-8000-${String(row).padStart(12, '0')}`,
    notificationTime: '2026-01-05T08:00:00.000Z',
    changeType: 'Update',
    reason: `String or binary data would be truncated in table 'dbo.account', column 'name${row % 7}'.`,
  });

/** A log on disk of entries that differ; how many they are. */
function writeLog(file: string, isEnough: (entries: number, bytes: number) => boolean): number {
  const handle = openSync(file, 'w');
  let [entries, bytes] = [0, 0];
  while (!isEnough(entries, bytes)) {
    const some = Array.from({ length: 1000 }, (_, index) => entryOf(entries + index)).join('');
    bytes += writeSync(handle, some);
    entries += 1000;
  }
  closeSync(handle);
  return entries;
}

async function upload(file: string, profileId: string): Promise<void> {
  await log.link(profileId);
  const container = account.blobs.getContainerClient(failureContainerName(profileId));
  await container
    .getBlockBlobClient('failurelog/2026/01/05/08/00001.log')
    .uploadStream(createReadStream(file), 4_194_304, 2);
}

function portsOf(profileId: string, ledger: FailureLedger) {
  const profile = { id: profileId, organizationId: profileId, name: 'Sample', state: 'active', tables: [] };
  const ports: Partial<AutomationPorts> = {
    exporter: {
      profiles: async () => [{ ...profile, retryPolicy: { maxRetryCount: 0, intervalSeconds: 5 } }] as never,
      exports: async () => true,
      failureLink: log.link,
      rowVersions: async () => undefined,
    } as Partial<ExporterApi> as ExporterApi,
    failureBlobs: failureBlobs(account),
    ledger,
    telemetry: { event() {}, metric() {} },
    clock: systemClock(),
    log: consoleLog(),
    ingestSeconds: 100_000,
  };
  return ports as AutomationPorts;
}

/** Seconds, and the most memory meanwhile beyond what there was before. */
async function measure(act: () => unknown): Promise<{ seconds: number; megabytes: number }> {
  forgetPeak(process.pid);
  const before = memoryOf(process.pid).now;
  const start = performance.now();
  await act();
  return { seconds: (performance.now() - start) / 1000, megabytes: memoryOf(process.pid).peak - before };
}

/** The same number of entities of the same size as the ledger writes, without any work of ours. */
async function writeBare(entries: number): Promise<void> {
  const table = TableClient.fromConnectionString(storage.connectionString, 'Bare', {
    allowInsecureConnection: true,
  });
  await table.createTable();
  const document = 'x'.repeat(600);
  const inTurn = atMost(4);
  const transactions = Array.from({ length: Math.ceil((2 * entries) / 100) }, (_, transaction) =>
    inTurn(() =>
      table.submitTransaction(
        Array.from({ length: 100 }, (_, row) => {
          const rowKey = String(transaction * 100 + row);
          return ['create', { partitionKey: 'bare', rowKey, entity: 'account', document }];
        }),
      ),
    ),
  );
  await Promise.all(transactions);
}

try {
  const [large, small] = [join(folder, 'large.log'), join(folder, 'small.log')];
  const readEntries = writeLog(large, (_, bytes) => bytes >= readMegabytes * 2 ** 20);
  writeLog(small, (entries) => entries >= writtenEntries);
  const [readId, writtenId] = [
    '00000000-0000-4000-8000-00000000000a',
    '00000000-0000-4000-8000-00000000000b',
  ];
  await upload(large, readId);
  await upload(small, writtenId);

  const real = failureLedger(account);
  const none: FailureLedger = {
    ...real,
    add: async (failures) => failures,
    watermarks: async () => new Map(),
    setWatermarks: async () => {},
  };
  const counted = await measure(() => execFileSync('wc', ['-l', large]));
  const read = await measure(() => ingestFailures(portsOf(readId, none)));
  const bare = await measure(() => writeBare(writtenEntries));
  const written = await measure(() => ingestFailures(portsOf(writtenId, real)));

  const row = (what: string, entries: number, { seconds, megabytes }: typeof read, limit: typeof read) => [
    what,
    figure(entries),
    figure(seconds),
    figure(entries / seconds),
    figure(megabytes),
    figure(seconds / limit.seconds),
  ];
  printFigures(
    `A failure log of ${figure(statSync(large).size / 2 ** 20)} MB, and one of ${writtenEntries} entries into the ledger`,
    ['', 'entries', 'seconds', 'entries/s', 'most memory, MB more', 'times its limit'],
    [
      row('wc -l', readEntries, { ...counted, megabytes: 0 }, counted),
      row('read, parsed, classified; nothing kept', readEntries, read, counted),
      row('bare batches of the same entities', writtenEntries, bare, bare),
      row('the whole, into the ledger', writtenEntries, written, bare),
    ],
  );
} finally {
  await storage.close();
  rmSync(folder, { recursive: true });
}
process.exit(0);
