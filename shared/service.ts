import { organizations } from './adapters/dataverse/organizations.ts';
import { profileDestinations } from './adapters/destinations/profile-destinations.ts';
import { accessTokens } from './adapters/entra/access-tokens.ts';
import { appCredential } from './adapters/entra/app-credential.ts';
import { tokenVerifier } from './adapters/entra/token-verifier.ts';
import { exporterHttp } from './adapters/exporter-http/exporter-http.ts';
import { exporterInProcess } from './adapters/exporter-in-process/exporter-in-process.ts';
import { secrets } from './adapters/keyvault/secrets.ts';
import { failureBlobs } from './adapters/storage/failure-blobs.ts';
import { failureLedger } from './adapters/storage/failure-ledger.ts';
import { failureLog } from './adapters/storage/failure-log.ts';
import { operations } from './adapters/storage/operations.ts';
import { privacyTerms } from './adapters/storage/privacy-terms.ts';
import { profileStore } from './adapters/storage/profile-store.ts';
import { statusHistory } from './adapters/storage/status-history.ts';
import {
  type StorageAccountOptions,
  type StorageCredential,
  storageAccount,
} from './adapters/storage/storage-account.ts';
import { syncStates } from './adapters/storage/sync-states.ts';
import { workQueues } from './adapters/storage/work-queues.ts';
import { swaggerSite } from './adapters/swagger-ui/swagger-site.ts';
import { consoleLog } from './adapters/system/console-log.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { telemetryOf } from './adapters/telemetry/telemetry-of.ts';
import { definitionReads } from './api/definition-reads.ts';
import { apiOperations } from './api/operations.ts';
import { profileCalls } from './api/profile-calls.ts';
import { swaggerDocument } from './api/swagger-document.ts';
import { slots } from './at-most.ts';
import type { AutomationPorts } from './automation/automation-ports.ts';
import { ingestFailures } from './automation/ingest-failures.ts';
import type { OperationPorts } from './automation/operations/operation-ports.ts';
import { resendOperations } from './automation/operations/resend-operations.ts';
import { runOperation } from './automation/operations/run-operation.ts';
import { planRetouches } from './automation/plan-retouches.ts';
import { pollStatus } from './automation/poll-status.ts';
import { type PurgePorts, purge } from './automation/purge.ts';
import { automationRequests } from './automation/requests/automation-requests.ts';
import { retouchRows } from './automation/retouch-rows.ts';
import { verifyRows } from './automation/verify-rows.ts';
import {
  readWorkItem,
  retouchRowItemSchema,
  retryRowItemSchema,
  runOperationItemSchema,
  syncTableItemSchema,
  verifyRowItemSchema,
} from './model/work-item.ts';
import { readSettings, type Settings } from './settings.ts';
import { retryRows } from './sync/retry-rows.ts';
import { runWorkItem } from './sync/run-work-item.ts';
import { startDeltaSyncs } from './sync/start-delta-syncs.ts';
import type { SyncPorts } from './sync/sync-ports.ts';
import { tableShapes } from './sync/table-shape.ts';

/** The program put together: what the triggers call. Database drivers and telemetry are loaded at their first use. */
export type Service = ReturnType<typeof build>;

let built: Service | undefined;

/** The service of this process; throws `SETTINGS_INVALID` at the first call when a setting is wrong. */
export function service(): Service {
  built ??= build(readSettings());
  return built;
}

function build(settings: Settings) {
  const clock = systemClock();
  const log = consoleLog();
  const clientId = settings.MANAGED_IDENTITY_CLIENT_ID;
  const credential = appCredential({
    hasManagedIdentity: settings.IDENTITY_ENDPOINT !== undefined,
    ...(clientId !== undefined && { clientId }),
  });
  const tokens = accessTokens({ credential, clock });
  const telemetry = telemetryOf(settings, credential, log);
  const account = storageAccount(storageOptions(settings, credential), log);
  const profiles = profileStore(account);
  const states = syncStates(account);
  const queues = workQueues(account);
  const failures = failureLog(account);
  const members = organizations({
    urls: settings.DATAVERSE_URLS,
    pageSize: settings.PAGE_SIZE,
    tokens,
    clock,
    log,
  });
  const vault = secrets({ hosts: settings.KEY_VAULT_HOSTS, credential });
  const destinations = profileDestinations({
    secrets: vault,
    organizations: members,
    clock,
    drivers: {
      PostgreSql: async () =>
        (await import('./adapters/postgres/destination.ts')).postgresDestinations({
          tokens,
          hosts: settings.ENTRA_DATABASE_HOSTS,
        }),
    },
  });

  const sync: SyncPorts = {
    profiles,
    syncStates: states,
    organizations: members,
    destinations,
    queues,
    failureLog: failures,
    shapes: tableShapes(clock),
    pageSlots: slots(settings.LOAD_PAGES_IN_MEMORY),
    telemetry,
    clock,
    log,
    options: {
      workItemSeconds: settings.WORK_ITEM_SECONDS,
      deltaIntervalSeconds: settings.DELTA_INTERVAL_SECONDS,
      deltaMaxIntervalSeconds: settings.DELTA_MAX_INTERVAL_SECONDS,
      watchdogGraceSeconds: settings.WATCHDOG_GRACE_SECONDS,
    },
  };
  const api = apiOperations({
    profiles,
    syncStates: states,
    queues,
    failureLog: failures,
    organizations: members,
    secrets: vault,
    destinations,
    definitions: definitionReads(),
    privacyTerms: privacyTerms(account),
    arePrivacyTermsRequired: settings.PRIVACY_TERMS_REQUIRED,
    clock,
    log,
    serviceUrl: settings.SERVICE_URL,
  });
  const inProcess = {
    profiles,
    syncStates: states,
    organizations: members,
    failureLog: failures,
    destinations,
    calls: profileCalls(api, { clientId: settings.API_APPLICATION_ID, tenantId: settings.TENANT_ID }),
  };
  const { EXPORTER_URL: url, EXPORTER_RESOURCE: resource } = settings;
  const automation: AutomationPorts = {
    exporter:
      url !== undefined && resource !== undefined
        ? exporterHttp({ url, resource, tokens })
        : exporterInProcess(inProcess),
    failureBlobs: failureBlobs(account, { otherHosts: settings.FAILURE_LINK_HOSTS ?? [] }),
    ledger: failureLedger(account),
    statusHistory: statusHistory(account),
    organizations: members,
    queues,
    telemetry,
    clock,
    log,
    options: {
      retouchFirstDelaySeconds: settings.RETOUCH_FIRST_DELAY_SECONDS,
      retouchMaxDelaySeconds: settings.RETOUCH_MAX_DELAY_SECONDS,
      retouchMaxAttempts: settings.RETOUCH_MAX_ATTEMPTS,
      verifyIntervalSeconds: settings.VERIFY_INTERVAL_SECONDS,
      verifyTimeoutSeconds: settings.VERIFY_TIMEOUT_SECONDS,
    },
    ingestSeconds: settings.WORK_ITEM_SECONDS,
  };

  const operating: OperationPorts = {
    ...automation,
    queues,
    operations: operations(account),
    // No ticket is told yet.
    onOperationEnded: async () => {},
    runSeconds: settings.WORK_ITEM_SECONDS,
    overdueSeconds: settings.WATCHDOG_GRACE_SECONDS,
  };
  const purging: PurgePorts = {
    ...operating,
    failureLog: failures,
    retention: {
      failureLogDays: settings.FAILURE_LOG_DAYS,
      ledgerDays: settings.LEDGER_DAYS,
      statusHistoryDays: settings.STATUS_HISTORY_DAYS,
      operationDays: settings.OPERATION_DAYS,
    },
    purgeSeconds: settings.WORK_ITEM_SECONDS,
  };

  return {
    settings,
    log,
    telemetry,
    door: {
      verifier: tokenVerifier({
        entraUrl: settings.ENTRA_URL,
        tenantId: settings.TENANT_ID,
        applicationId: settings.API_APPLICATION_ID,
        applicationUri: settings.API_APPLICATION_URI,
      }),
      authorizationUri: `${settings.ENTRA_URL}/${settings.TENANT_ID}/oauth2/authorize`,
      resourceId: settings.API_APPLICATION_URI,
      log,
    },
    api,
    swagger: swaggerSite(() => swaggerDocument({ resource: settings.API_APPLICATION_URI })),
    sync: {
      runWorkItem: (message: unknown) =>
        runWorkItem(readWorkItem(syncTableItemSchema, 'sync-table', message), sync),
      retryRows: (message: unknown) =>
        retryRows(readWorkItem(retryRowItemSchema, 'retry-row', message), sync),
      startDeltaSyncs: () => startDeltaSyncs(sync),
    },
    automation: {
      requests: automationRequests({
        ...operating,
        organizations: members,
        // Nothing looks for findings yet.
        findings: { list: async () => ({ findings: [] }) },
        templates: settings.PROFILE_TEMPLATES,
      }),
      pollStatus: async () => {
        await pollStatus(automation);
        await resendOperations(operating);
      },
      runOperation: (message: unknown) =>
        runOperation(readWorkItem(runOperationItemSchema, 'run-operation', message), operating),
      ingestFailures: async () => {
        await ingestFailures(automation);
        await planRetouches(automation);
      },
      retouchRows: (message: unknown) =>
        retouchRows(readWorkItem(retouchRowItemSchema, 'retouch-row', message), automation),
      purge: () => purge(purging),
      verifyRows: (message: unknown) =>
        verifyRows(readWorkItem(verifyRowItemSchema, 'verify-row', message), automation),
    },
  };
}

function storageOptions(settings: Settings, credential: StorageCredential): StorageAccountOptions {
  const { AzureWebJobsStorage: connectionString, AzureWebJobsStorage__accountName: accountName } = settings;
  if (accountName !== undefined) return { accountName, credential };
  return { connectionString: connectionString ?? '' };
}
