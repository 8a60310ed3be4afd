import { exporterHttp } from '../adapters/exporter-http/exporter-http.ts';
import { exporterInProcess } from '../adapters/exporter-in-process/exporter-in-process.ts';
import { failureBlobs } from '../adapters/storage/failure-blobs.ts';
import { failureLedger } from '../adapters/storage/failure-ledger.ts';
import { healthFindings } from '../adapters/storage/health-findings.ts';
import { statusHistory } from '../adapters/storage/status-history.ts';
import { touchFacts } from '../adapters/storage/touch-facts.ts';
import type { ApiPorts } from '../api/api-ports.ts';
import { apiOperations } from '../api/operations.ts';
import { profileCalls } from '../api/profile-calls.ts';
import { resyncTable } from '../api/resync-table.ts';
import { tryProfile } from '../api/try-profile.ts';
import type { AutomationPorts } from '../automation/automation-ports.ts';
import type { HealthPorts } from '../automation/health/health-ports.ts';
import type { PurgePorts } from '../automation/purge.ts';
import type { ExporterApi } from '../ports/exporter-api.ts';
import type { Settings } from '../settings.ts';
import type { SyncPorts } from '../sync/sync-ports.ts';
import { wouldTake } from '../sync/would-take.ts';
import type { Parts } from './parts.ts';

/** What the exporter of this app needs. */
export interface ExporterPorts {
  readonly api: ApiPorts;
  readonly sync: SyncPorts;
}

/** The exporter that is watched: another service where a setting names one, else the one in this app. */
function exporterOf(settings: Settings, parts: Parts, { api, sync }: ExporterPorts): ExporterApi {
  const { EXPORTER_URL: url, EXPORTER_RESOURCE: resource } = settings;
  if (url !== undefined && resource !== undefined)
    return exporterHttp({ url, resource, tokens: parts.tokens });
  return exporterInProcess({
    ...parts,
    trial: (profile) => tryProfile(profile, api),
    resyncRows: (profile, table, ids) => resyncTable(profile, table, { kind: 'rows', ids }, api),
    wouldTake: (...rows) => wouldTake(...rows, sync),
    calls: profileCalls(apiOperations(api), {
      clientId: settings.API_APPLICATION_ID,
      tenantId: settings.TENANT_ID,
    }),
  });
}

/** What the automation needs to heal failures. */
export function automationPorts(settings: Settings, parts: Parts, exporter: ExporterPorts): AutomationPorts {
  const { account } = parts;
  return {
    ...parts,
    exporter: exporterOf(settings, parts, exporter),
    failureBlobs: failureBlobs(account, { otherHosts: settings.FAILURE_LINK_HOSTS ?? [] }),
    ledger: failureLedger(account),
    touchFacts: touchFacts(account),
    statusHistory: statusHistory(account),
    options: {
      retouchFirstDelaySeconds: settings.RETOUCH_FIRST_DELAY_SECONDS,
      retouchMaxDelaySeconds: settings.RETOUCH_MAX_DELAY_SECONDS,
      retouchMaxAttempts: settings.RETOUCH_MAX_ATTEMPTS,
      retouchWritesPerMinute: settings.RETOUCH_WRITES_PER_MINUTE,
      isRetouchQuiet: settings.RETOUCH_QUIETLY,
      isRetouchDryRun: settings.RETOUCH_DRY_RUN,
      selfTestDays: settings.RETOUCH_SELF_TEST_DAYS,
      isResyncPreferred: settings.HEAL_BY_RESYNC,
      verifyIntervalSeconds: settings.VERIFY_INTERVAL_SECONDS,
      verifyTimeoutSeconds: settings.VERIFY_TIMEOUT_SECONDS,
    },
    ingestSeconds: settings.WORK_ITEM_SECONDS,
  };
}

/** What looks after the health of profiles. */
export function healthPorts(settings: Settings, parts: Parts, automation: AutomationPorts): HealthPorts {
  return {
    ...automation,
    findings: healthFindings(parts.account),
    limits: {
      lagSeconds: settings.LAG_LIMIT_SECONDS,
      initialSyncStallSeconds: settings.INITIAL_SYNC_STALL_SECONDS,
      secretExpiryDays: settings.SECRET_EXPIRY_DAYS,
      inactiveWarningDays: settings.INACTIVE_WARNING_DAYS,
      quietSeconds: settings.FINDING_QUIET_SECONDS,
    },
    lookSeconds: settings.WORK_ITEM_SECONDS,
  };
}

/** What a purge needs. */
export function purgePorts(
  settings: Settings,
  parts: Parts,
  automation: AutomationPorts,
  { findings }: HealthPorts,
): Omit<PurgePorts, 'operations' | 'ticketDeliveries' | 'ticketRecords'> {
  return {
    ...automation,
    findings,
    failureLog: parts.failureLog,
    retention: {
      failureLogDays: settings.FAILURE_LOG_DAYS,
      ledgerDays: settings.LEDGER_DAYS,
      statusHistoryDays: settings.STATUS_HISTORY_DAYS,
      operationDays: settings.OPERATION_DAYS,
    },
    purgeSeconds: settings.WORK_ITEM_SECONDS,
  };
}
