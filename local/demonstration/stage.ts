import type { Platform } from '../platform/start-platform.ts';
import { apiApplicationUri } from '../sign-ins.ts';
import { adminToken } from './admin-token.ts';
import { type ExporterClient, exporterClient } from './exporter-client.ts';
import { jsonClient } from './json-client.ts';
import { type LedgerView, ledgerView } from './ledger-view.ts';
import type { Narrator } from './narrator.ts';
import { type OrganizationClient, organizationClient } from './organization-client.ts';
import { type ReportingDatabase, reportingDatabase } from './reporting-database.ts';

/** What every act needs: who is called, who tells it, and when to stop. */
export type Stage = {
  readonly platform: Platform;
  readonly narrator: Narrator;
  readonly exporter: ExporterClient;
  readonly organization: OrganizationClient;
  readonly database: ReportingDatabase;
  readonly ledger: LedgerView;
  readonly signal: AbortSignal;
};

/** Everything is reached from outside, as its users would: over HTTP, SQL and the storage account. */
export function openStage(platform: Platform, narrator: Narrator, signal: AbortSignal): Stage {
  const { app, dataverse, entra } = platform.addresses;
  const appToken = adminToken(entra, apiApplicationUri, { signal });
  const organizationToken = adminToken(entra, dataverse, { signal });
  return {
    platform,
    narrator,
    exporter: exporterClient(jsonClient({ url: app, token: appToken, signal })),
    organization: organizationClient(
      jsonClient({ url: dataverse, token: organizationToken, signal }),
      jsonClient({ url: dataverse, signal }),
    ),
    database: reportingDatabase(platform.addresses.database),
    ledger: ledgerView(platform.environment.AzureWebJobsStorage ?? ''),
    signal,
  };
}
