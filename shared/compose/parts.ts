import { organizations } from '../adapters/dataverse/organizations.ts';
import { profileDestinations } from '../adapters/destinations/profile-destinations.ts';
import { accessTokens } from '../adapters/entra/access-tokens.ts';
import { appCredential } from '../adapters/entra/app-credential.ts';
import { secrets } from '../adapters/keyvault/secrets.ts';
import { failureLog } from '../adapters/storage/failure-log.ts';
import { profileStore } from '../adapters/storage/profile-store.ts';
import {
  type StorageAccountOptions,
  type StorageCredential,
  storageAccount,
} from '../adapters/storage/storage-account.ts';
import { syncStates } from '../adapters/storage/sync-states.ts';
import { workQueues } from '../adapters/storage/work-queues.ts';
import { consoleLog } from '../adapters/system/console-log.ts';
import { systemClock } from '../adapters/system/system-clock.ts';
import { telemetryOf } from '../adapters/telemetry/telemetry-of.ts';
import type { Settings } from '../settings.ts';

/** The adapters that the exporter and the automation both use. */
export type Parts = ReturnType<typeof makeParts>;

/** Makes them; a database driver is loaded when the first destination of its kind is opened. */
export function makeParts(settings: Settings) {
  const clock = systemClock();
  const log = consoleLog();
  const clientId = settings.MANAGED_IDENTITY_CLIENT_ID;
  const hasManagedIdentity = settings.IDENTITY_ENDPOINT !== undefined;
  const credential = appCredential({ hasManagedIdentity, ...(clientId !== undefined && { clientId }) });
  const tokens = accessTokens({ credential, clock });
  const account = storageAccount(storageOptions(settings, credential), log);
  const members = organizations({
    urls: settings.DATAVERSE_URLS,
    pageSize: settings.PAGE_SIZE,
    tokens,
    furtherIdentities: (settings.DATAVERSE_CLIENT_IDS ?? []).map((further) => ({
      clientId: further,
      tokens: accessTokens({ credential: appCredential({ hasManagedIdentity, clientId: further }), clock }),
    })),
    pace: {
      mostAtOnce: settings.DATAVERSE_MAX_CONCURRENCY,
      sharePercent: settings.DATAVERSE_SHARE_PERCENT,
    },
    clock,
    log,
  });
  const vault = secrets({ hosts: settings.KEY_VAULT_HOSTS, credential });
  const entra = {
    tokens,
    hosts: settings.ENTRA_DATABASE_HOSTS,
    ...(clientId !== undefined && { clientId }),
  };
  const destinations = profileDestinations({
    secrets: vault,
    organizations: members,
    clock,
    drivers: {
      PostgreSql: async () =>
        (await import('../adapters/postgres/destination.ts')).postgresDestinations(entra),
      SqlAzure: async () =>
        (await import('../adapters/sqlserver/destination.ts')).sqlServerDestinations(entra),
    },
  });
  return {
    clock,
    log,
    tokens,
    account,
    destinations,
    telemetry: telemetryOf(settings, credential, log),
    organizations: members,
    secrets: vault,
    profiles: profileStore(account),
    syncStates: syncStates(account),
    queues: workQueues(account),
    failureLog: failureLog(account),
  };
}

function storageOptions(settings: Settings, credential: StorageCredential): StorageAccountOptions {
  const { AzureWebJobsStorage: connectionString, AzureWebJobsStorage__accountName: accountName } = settings;
  if (accountName !== undefined) return { accountName, credential };
  return { connectionString: connectionString ?? '' };
}
