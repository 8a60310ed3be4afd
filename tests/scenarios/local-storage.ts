import type { Platform } from '../../local/platform/start-platform.ts';
import { type StorageAccount, storageAccount } from '../../shared/adapters/storage/storage-account.ts';

/** The storage account of a platform, for what a test puts there itself. */
export function localStorage({ environment }: Pick<Platform, 'environment'>): StorageAccount {
  const { AzureWebJobsStorage: connectionString = '' } = environment;
  return storageAccount({ connectionString }, { info() {}, warn() {}, error() {} });
}
