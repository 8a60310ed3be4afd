import { readdirSync } from 'node:fs';
import { ticketSystemNames } from '../../shared/model/ticket.ts';
import { apiApplicationId, apiApplicationUri, contosoTenantId, managedIdentity } from '../sign-ins.ts';
import { storageConnectionString } from '../storage/start-storage.ts';
import { type Addresses, addressesFor, exporterPortBase } from './addresses.ts';

/** Quick enough for somebody who watches. The presets of `shared/settings.ts` are those of a real environment. */
const quickTimings = {
  // Small enough that a progress bar moves.
  PAGE_SIZE: '1000',
  DELTA_INTERVAL_SECONDS: '1',
  DELTA_MAX_INTERVAL_SECONDS: '5',
  NUDGE_GAP_SECONDS: '1',
  WATCHDOG_GRACE_SECONDS: '15',
  START_DELTA_SYNCS_SCHEDULE: '*/5 * * * * *',
  POLL_STATUS_SCHEDULE: '*/5 * * * * *',
  INGEST_FAILURES_SCHEDULE: '*/5 * * * * *',
  RETOUCH_FIRST_DELAY_SECONDS: '5',
  RETOUCH_MAX_DELAY_SECONDS: '10',
  RETOUCH_MAX_ATTEMPTS: '50',
  VERIFY_INTERVAL_SECONDS: '1',
  VERIFY_TIMEOUT_SECONDS: '120',
  FINDING_QUIET_SECONDS: '15',
  TICKET_FIRST_DELAY_SECONDS: '5',
  TICKET_MAX_DELAY_SECONDS: '60',
};

/** Every simulated system may call; ServiceNow is told of findings. */
function ticketSettings({ tickets, keyvault }: Addresses): Record<string, string> {
  const webhooks = ticketSystemNames.map((name) => `${name}=${keyvault}/secrets/ticket-webhook-${name}`);
  return {
    TICKET_WEBHOOKS: webhooks.join(','),
    TICKET_SYSTEM: 'servicenow',
    TICKET_SYSTEM_URL: tickets,
    TICKET_SYSTEM_LOGIN_URI: `${keyvault}/secrets/ticket-login-servicenow`,
  };
}

/** Webhooks of the organization may call, once somebody registers one. */
const dataverseWebhookSettings = ({ keyvault }: Addresses): Record<string, string> => ({
  DATAVERSE_WEBHOOK_KEYS_URI: `${keyvault}/secrets/dataverse-webhook-keys`,
});

/** What runs where another service exports; the trigger files besides these are the exporter's. */
const automationFunctions =
  /^(http-(health|automation-.+|unknown-route-automation)|timer-(poll-status|ingest-failures|purge)|queue-(retouch-row|verify-row|run-operation)(-poison)?)$/;

/** Settings of an app that is only to watch the exporter of another local platform. */
function onlyAutomation(exporterUrl: string): Record<string, string> {
  const exporters = readdirSync(new URL('../../functions', import.meta.url))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter((name) => /^(http|queue|timer)-/.test(name) && !automationFunctions.test(name));
  return {
    EXPORTER_URL: exporterUrl,
    EXPORTER_RESOURCE: apiApplicationUri,
    FAILURE_LINK_HOSTS: new URL(addressesFor(exporterPortBase(exporterUrl)).blob).host,
    ...Object.fromEntries(exporters.map((name) => [`AzureWebJobs.${name}.Disabled`, 'true'])),
  };
}

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
    TELEMETRY_FILE: options.telemetryFile,
    ...(options.exporterUrl
      ? onlyAutomation(options.exporterUrl)
      : // The automation opens no vault, and the other platform's authority is not known.
        {
          NODE_EXTRA_CA_CERTS: options.caFile,
          ...ticketSettings(addresses),
          ...dataverseWebhookSettings(addresses),
        }),
    ...quickTimings,
  };
}
