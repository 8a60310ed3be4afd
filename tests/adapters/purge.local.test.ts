import { afterAll, beforeAll, describe, vi } from 'vitest';
import { type Storage, startStorage } from '../../local/storage/start-storage.ts';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import { failureContainerName, failureLog } from '../../shared/adapters/storage/failure-log.ts';
import { quarantineContainer } from '../../shared/adapters/storage/failure-quarantine.ts';
import { healthFindings } from '../../shared/adapters/storage/health-findings.ts';
import { operations } from '../../shared/adapters/storage/operations.ts';
import { statusHistory } from '../../shared/adapters/storage/status-history.ts';
import { type StorageAccount, storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { ticketDeliveries } from '../../shared/adapters/storage/ticket-deliveries.ts';
import { ticketRecords } from '../../shared/adapters/storage/ticket-records.ts';
import { operationsContract } from '../contracts/operations.ts';
import { type PurgedStores, purgeContract } from '../contracts/purge.ts';
import { ticketStoresContract } from '../contracts/tickets.ts';

/** A storage of its own: a purge takes what other tests have written, too. */
let storage: Storage;
let account: StorageAccount;

beforeAll(async () => {
  storage = await startStorage();
  account = storageAccount(
    { connectionString: storage.connectionString },
    { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
  );
});
afterAll(() => storage.close());

async function namesIn(container: string, prefix = ''): Promise<string[]> {
  const names: string[] = [];
  const blobs = account.blobs.getContainerClient(container).listBlobsFlat({ prefix });
  for await (const { name } of blobs) names.push(name);
  return names;
}

describe('operations in Azurite', () => operationsContract(() => operations(account)));

describe('deliveries and tickets in Azurite', () =>
  ticketStoresContract(() => ({ deliveries: ticketDeliveries(account), records: ticketRecords(account) })));

describe('a purge in Azurite', () => {
  purgeContract(
    (): PurgedStores => ({
      log: failureLog(account),
      ledger: failureLedger(account),
      history: statusHistory(account),
      findings: healthFindings(account),
      filesOf: async (profileId) => (await namesIn(failureContainerName(profileId))).length,
      quarantined: (profileId) => namesIn(quarantineContainer, profileId),
    }),
  );
});
