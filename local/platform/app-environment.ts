import { apiApplicationId, apiApplicationUri, contosoTenantId, managedIdentity } from '../sign-ins.ts';
import { storageConnectionString } from '../storage/start-storage.ts';
import type { Addresses } from './addresses.ts';

/** Quick enough for somebody who watches. The presets of `shared/settings.ts` are those of a real environment. */
const quickTimings = {
  // Small enough that a progress bar moves.
  PAGE_SIZE: '1000',
  DELTA_INTERVAL_SECONDS: '1',
  DELTA_MAX_INTERVAL_SECONDS: '5',
  WATCHDOG_GRACE_SECONDS: '15',
  START_DELTA_SYNCS_SCHEDULE: '*/5 * * * * *',
  POLL_STATUS_SCHEDULE: '*/5 * * * * *',
  INGEST_FAILURES_SCHEDULE: '*/5 * * * * *',
  RETOUCH_FIRST_DELAY_SECONDS: '5',
  RETOUCH_MAX_DELAY_SECONDS: '10',
  RETOUCH_MAX_ATTEMPTS: '50',
  VERIFY_INTERVAL_SECONDS: '1',
  VERIFY_TIMEOUT_SECONDS: '120',
};

/**
 * All settings of the app on the local platform: where Azure would have the addresses of its services, they are on
 * loopback. Of the machine's own environment it gets only what Node needs.
 */
export function appEnvironment(
  addresses: Addresses,
  options: { caFile: string; telemetryFile: string; exporterUrl?: string },
): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  return {
    PATH,
    ...(HOME ? { HOME } : {}),
    ...(TMPDIR ? { TMPDIR } : {}),
    TZ: 'UTC',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    TENANT_ID: contosoTenantId,
    ENTRA_URL: addresses.entra,
    API_APPLICATION_ID: apiApplicationId,
    API_APPLICATION_URI: apiApplicationUri,
    DATAVERSE_URLS: addresses.dataverse,
    KEY_VAULT_HOSTS: new URL(addresses.keyvault).host,
    SERVICE_URL: addresses.app,
    AzureWebJobsStorage: storageConnectionString(
      [addresses.blob, addresses.queue, addresses.table].join(','),
    ),
    MANAGED_IDENTITY_CLIENT_ID: managedIdentity.clientId,
    IDENTITY_ENDPOINT: `${addresses.entra}/msi/token`,
    IDENTITY_HEADER: managedIdentity.header,
    NODE_EXTRA_CA_CERTS: options.caFile,
    TELEMETRY_FILE: options.telemetryFile,
    ...(options.exporterUrl ? { EXPORTER_URL: options.exporterUrl } : {}),
    ...quickTimings,
  };
}
