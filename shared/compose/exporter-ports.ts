import { keptSecrets } from '../adapters/destinations/kept-secrets.ts';
import { privacyTerms } from '../adapters/storage/privacy-terms.ts';
import type { ApiPorts } from '../api/api-ports.ts';
import { definitionReads } from '../api/definition-reads.ts';
import { slots } from '../at-most.ts';
import { secretsIn } from '../model/webhook-signature.ts';
import type { Settings } from '../settings.ts';
import { tableNudges } from '../sync/nudge-table.ts';
import type { SyncPorts } from '../sync/sync-ports.ts';
import { tableShapes } from '../sync/table-shape.ts';
import type { DataverseWebhookPorts } from '../sync/take-dataverse-webhook.ts';
import type { Parts } from './parts.ts';

/** What replication needs. */
export function syncPorts(settings: Settings, parts: Parts): SyncPorts {
  return {
    ...parts,
    shapes: tableShapes(parts.clock, settings.METADATA_USER_LABELS),
    pageSlots: slots(settings.LOAD_PAGES_IN_MEMORY),
    options: {
      workItemSeconds: settings.WORK_ITEM_SECONDS,
      deltaIntervalSeconds: settings.DELTA_INTERVAL_SECONDS,
      deltaMaxIntervalSeconds: settings.DELTA_MAX_INTERVAL_SECONDS,
      nudgeGapSeconds: settings.NUDGE_GAP_SECONDS,
      watchdogGraceSeconds: settings.WATCHDOG_GRACE_SECONDS,
      comparison: {
        rows: settings.RECONCILE_ROWS,
        intervalSeconds: settings.RECONCILE_INTERVAL_SECONDS,
        doubtSeconds: settings.RECONCILE_DOUBT_SECONDS,
      },
    },
  };
}

/** What webhooks of Dataverse need. */
export function dataverseWebhookPorts(
  { DATAVERSE_WEBHOOK_KEYS_URI: address }: Settings,
  { secrets, log }: Parts,
  sync: SyncPorts,
): DataverseWebhookPorts {
  const kept = keptSecrets(secrets, sync.clock);
  return {
    keys: async () =>
      address === undefined ? [] : secretsIn((await kept.read(address)).value, 'DATAVERSE_WEBHOOK_KEYS_URI'),
    nudge: tableNudges(sync),
    log,
  };
}

/** What the operations of the REST API need. */
export function apiPorts(settings: Settings, parts: Parts): ApiPorts {
  return {
    ...parts,
    definitions: definitionReads(),
    privacyTerms: privacyTerms(parts.account),
    arePrivacyTermsRequired: settings.PRIVACY_TERMS_REQUIRED,
    serviceUrl: settings.SERVICE_URL,
  };
}
