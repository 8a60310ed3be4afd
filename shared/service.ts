import { tokenVerifier } from './adapters/entra/token-verifier.ts';
import { swaggerSite } from './adapters/swagger-ui/swagger-site.ts';
import { apiOperations } from './api/operations.ts';
import { swaggerDocument } from './api/swagger-document.ts';
import { checkHealth } from './automation/health/check-health.ts';
import { tellPoisoned } from './automation/health/tell-poisoned.ts';
import { ingestFailures } from './automation/ingest-failures.ts';
import { resendOperations } from './automation/operations/resend-operations.ts';
import { runOperation } from './automation/operations/run-operation.ts';
import { planRetouches } from './automation/plan-retouches.ts';
import { pollStatus } from './automation/poll-status.ts';
import { purge } from './automation/purge.ts';
import { automationRequests } from './automation/requests/automation-requests.ts';
import { retouchRows } from './automation/retouch-rows.ts';
import { verifyRows } from './automation/verify-rows.ts';
import { automationPorts, healthPorts, purgePorts } from './compose/automation-ports.ts';
import { apiPorts, dataverseWebhookPorts, syncPorts } from './compose/exporter-ports.ts';
import { operationPorts } from './compose/operation-ports.ts';
import { makeParts } from './compose/parts.ts';
import { ticketService } from './compose/tickets.ts';
import type { PoisonedMessage } from './model/poisoned-message.ts';
import {
  readWorkItem,
  retouchRowItemSchema,
  retryRowItemSchema,
  runOperationItemSchema,
  syncTableItemSchema,
  verifyRowItemSchema,
} from './model/work-item.ts';
import { readSettings, type Settings } from './settings.ts';
import { reconcileTables } from './sync/reconcile-tables.ts';
import { retryRows } from './sync/retry-rows.ts';
import { runWorkItem } from './sync/run-work-item.ts';
import { startDeltaSyncs } from './sync/start-delta-syncs.ts';
import { type DataverseCall, takeDataverseWebhook } from './sync/take-dataverse-webhook.ts';

/** The program put together: what the triggers call. Database drivers and telemetry are loaded at their first use. */
export type Service = ReturnType<typeof build>;

let built: Service | undefined;

/** The service of this process; throws `SETTINGS_INVALID` at the first call when a setting is wrong. */
export function service(): Service {
  built ??= build(readSettings());
  return built;
}

function build(settings: Settings) {
  const parts = makeParts(settings);
  const { log, telemetry } = parts;
  const sync = syncPorts(settings, parts);
  const dataverseWebhooks = dataverseWebhookPorts(settings, parts, sync);
  const api = apiPorts(settings, parts);
  const automation = automationPorts(settings, parts, { api, sync });
  const health = healthPorts(settings, parts, automation);
  const operating = operationPorts(settings, parts, automation);
  const tickets = ticketService(settings, parts, {
    findings: health.findings,
    exporter: automation.exporter,
    operations: operating.operations,
    startOperation: (operationId) => parts.queues.runOperation.send({ operationId }),
  });
  const purging = { ...operating, ...purgePorts(settings, parts, automation, health), ...tickets.purged };

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
    api: apiOperations(api),
    swagger: swaggerSite(() => swaggerDocument({ resource: settings.API_APPLICATION_URI })),
    sync: {
      runWorkItem: (message: unknown) =>
        runWorkItem(readWorkItem(syncTableItemSchema, 'sync-table', message), sync),
      retryRows: (message: unknown) =>
        retryRows(readWorkItem(retryRowItemSchema, 'retry-row', message), sync),
      startDeltaSyncs: () => startDeltaSyncs(sync),
      takeDataverseWebhook: (call: DataverseCall) => takeDataverseWebhook(call, dataverseWebhooks),
      reconcileTables: () => reconcileTables(sync),
    },
    automation: {
      pollStatus: async () => {
        try {
          await pollStatus(automation);
        } finally {
          await checkHealth(health);
          await tickets.tellTickets();
          await resendOperations(operating);
        }
      },
      requests: automationRequests({
        ...operating,
        organizations: parts.organizations,
        findings: health.findings,
        templates: settings.PROFILE_TEMPLATES,
      }),
      runOperation: (message: unknown) =>
        runOperation(readWorkItem(runOperationItemSchema, 'run-operation', message), operating),
      tellPoisoned: (message: PoisonedMessage) => tellPoisoned(message, health),
      ingestFailures: async () => {
        try {
          await ingestFailures(automation);
        } finally {
          await planRetouches(automation);
        }
      },
      retouchRows: (message: unknown) =>
        retouchRows(readWorkItem(retouchRowItemSchema, 'retouch-row', message), automation),
      purge: () => purge(purging),
      takeTicketWebhook: tickets.takeTicketWebhook,
      tellTicket: tickets.tellTicket,
      verifyRows: (message: unknown) =>
        verifyRows(readWorkItem(verifyRowItemSchema, 'verify-row', message), automation),
    },
  };
}
