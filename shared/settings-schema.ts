import { z } from 'zod';
import {
  domainOrServer,
  guid,
  host,
  list,
  numberBetween,
  origin,
  profileTemplates,
  schedule,
  ticketWebhooks,
  truth,
} from './setting-values.ts';

/** Every setting the program reads, with its limits and its preset; `docs/settings.md` is made from it. */
export const settingsSchema = z.object({
  TENANT_ID: guid.describe(
    'Entra tenant whose users and applications may call, and which owns the organizations.',
  ),
  ENTRA_URL: origin
    .default('https://login.microsoftonline.com')
    .describe('Origin of the sign-in service. Change it only for a national cloud.'),
  API_APPLICATION_ID: guid.describe(
    "Client id of this app's registration: the audience of version 2 tokens.",
  ),
  API_APPLICATION_URI: z
    .string()
    .refine((text) => URL.canParse(text) && !/\s/.test(text), 'must be an absolute URI such as api://<id>')
    .describe("Identifier URI of this app's registration: the resource that callers ask a token for."),
  DATAVERSE_URLS: list(origin).describe('Origins of the organizations to replicate, separated by commas.'),
  DATAVERSE_CLIENT_IDS: list(guid)
    .optional()
    .describe(
      'Client ids of further user-assigned managed identities that share the reads of Dataverse, separated by commas. Each is an application user of every organization, with the roles of the first.',
    ),
  DATAVERSE_MAX_CONCURRENCY: numberBetween(1, 200, 32).describe(
    'Requests of one identity to one organization that an instance has under way, at most. Fewer where Dataverse says so.',
  ),
  DATAVERSE_SHARE_PERCENT: numberBetween(10, 100, 80).describe(
    "Percent of an identity's requests and execution time in five minutes that are used at full speed; further requests are spaced.",
  ),
  KEY_VAULT_HOSTS: list(domainOrServer)
    .default(['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net'])
    .describe('Parent domains of the key vaults that may be called, or host:port of a single one.'),
  ENTRA_DATABASE_HOSTS: list(domainOrServer)
    .default([
      ...['postgres.database.azure.com', 'database.windows.net', 'database.fabric.microsoft.com'],
      ...['database.chinacloudapi.cn', 'database.usgovcloudapi.net'],
    ])
    .describe("Databases that may get a token of the app's identity: domains with all below, or host:port."),
  SERVICE_URL: origin
    .optional()
    .describe(
      'Origin handed out as ConnectorUrl. Without it, the one the caller used; set it behind a gateway.',
    ),
  PRIVACY_TERMS_REQUIRED: truth('false').describe(
    'Whether a profile can be activated only after the privacy terms of its organization were accepted.',
  ),
  MANAGED_IDENTITY_CLIENT_ID: guid.optional().describe('Client id of the user-assigned managed identity.'),
  IDENTITY_ENDPOINT: z
    .string()
    .optional()
    .describe(
      'Set by Azure where there is a managed identity. Without it, the sign-in of whoever runs the program.',
    ),
  AzureWebJobsStorage: z
    .string()
    .optional()
    .describe('Connection string of the storage account; local use only.'),
  AzureWebJobsStorage__accountName: z
    .string()
    .optional()
    .describe('Name of the storage account, reached with the managed identity.'),
  EXPORTER_URL: origin
    .optional()
    .describe('Another service with the same REST API that the automation is to watch instead of this app.'),
  EXPORTER_RESOURCE: z
    .string()
    .optional()
    .describe("Resource to ask a token for when EXPORTER_URL is called: that service's identifier URI."),
  FAILURE_LINK_HOSTS: list(host)
    .optional()
    .describe(
      "Hosts (name or name:port) of another exporter's failure logs, separated by commas. The app's own storage needs no entry.",
    ),
  PAGE_SIZE: numberBetween(1, 5000, 5000).describe('Rows a request.'),
  LOAD_PAGES_IN_MEMORY: numberBetween(1, 64, 4).describe(
    'Pages of initial loads that one instance holds at a time. A page of a wide table takes some 100 MB.',
  ),
  WORK_ITEM_SECONDS: numberBetween(1, 400, 240).describe(
    'A turn begins no new page after this time; the page that it is at must end within the 600 s of functionTimeout. So long, too, one run reads failure logs, and looks at the health of profiles.',
  ),
  DELTA_INTERVAL_SECONDS: numberBetween(1, 3600, 15).describe(
    'Until a table that just changed is asked again.',
  ),
  DELTA_MAX_INTERVAL_SECONDS: numberBetween(1, 86_400, 300).describe(
    'The most until an idle table is asked again.',
  ),
  NUDGE_GAP_SECONDS: numberBetween(1, 300, 5).describe(
    'The least between two readings of a table that webhooks of Dataverse ask for. The first is at once.',
  ),
  DATAVERSE_WEBHOOK_KEYS_URI: z
    .string()
    .optional()
    .describe(
      'Key Vault address of the keys that webhooks of Dataverse are let in by, one a line. Without it none is.',
    ),
  METADATA_USER_LABELS: truth('false').describe(
    "`true` adds to the tables of option labels, beside each label's row, one with `IsUserLocalizedLabel` 1: the label in the language of the app's user.",
  ),
  WATCHDOG_GRACE_SECONDS: numberBetween(5, 3600, 600).describe('A turn this long overdue is started again.'),
  START_DELTA_SYNCS_SCHEDULE: schedule('0 */2 * * * *').describe(
    'When lost turns are looked for (NCRONTAB, UTC).',
  ),
  RECONCILE_SCHEDULE: schedule('0 */15 * * * *').describe(
    'When tables are looked for whose rows are to be compared with Dataverse (NCRONTAB, UTC).',
  ),
  RECONCILE_ROWS: numberBetween(0, 50_000, 5000).describe(
    'Rows of a table that one comparison reads in Dataverse, and a tenth as many of the destination. `0` compares nothing.',
  ),
  RECONCILE_INTERVAL_SECONDS: numberBetween(1, 2_592_000, 86_400).describe(
    "From one beginning with a table's first row to the next; a table of more rows than one comparison goes on with each run.",
  ),
  RECONCILE_DOUBT_SECONDS: numberBetween(1, 86_400, 600).describe(
    'A row that differs is repaired, and a finding, when it still does after so long: longer than any transaction of Dataverse.',
  ),
  POLL_STATUS_SCHEDULE: schedule('0 */5 * * * *').describe(
    "When the profiles' status is recorded (NCRONTAB, UTC).",
  ),
  INGEST_FAILURES_SCHEDULE: schedule('30 * * * * *').describe('When failure logs are read (NCRONTAB, UTC).'),
  PURGE_SCHEDULE: schedule('0 20 3 * * *').describe(
    'When what was kept long enough is deleted (NCRONTAB, UTC).',
  ),
  FAILURE_LOG_DAYS: numberBetween(1, 3650, 30).describe(
    "Days that files of this app's failure logs are kept after they were last written, and text that could not be read.",
  ),
  LEDGER_DAYS: numberBetween(1, 3650, 400).describe(
    'Days that healed failures, and those of rows that are gone, are kept; as long as the failure log at least.',
  ),
  STATUS_HISTORY_DAYS: numberBetween(1, 3650, 30).describe("Days that the profiles' status is kept."),
  OPERATION_DAYS: numberBetween(1, 3650, 90).describe('Days that operations are kept after their end.'),
  PROFILE_TEMPLATES: profileTemplates.describe(
    'What `POST automation/profiles` takes from a template that it names: JSON, an object of forms by name.',
  ),
  RETOUCH_FIRST_DELAY_SECONDS: numberBetween(1, 86_400, 60).describe('From a failure to the first re-touch.'),
  RETOUCH_MAX_DELAY_SECONDS: numberBetween(1, 604_800, 21_600).describe(
    'The most between two re-touches of a row.',
  ),
  RETOUCH_MAX_ATTEMPTS: numberBetween(1, 100, 12).describe('Re-touches of a row until it needs attention.'),
  RETOUCH_WRITES_PER_MINUTE: numberBetween(1, 6000, 600).describe(
    'Rows of one organization that are re-touched a minute, by all instances and profiles together; probes come on top.',
  ),
  HEAL_BY_RESYNC: truth('true').describe(
    '`true` has failed rows read again by an exporter that can, as that of this app; `false` writes them in Dataverse, as other exporters need it.',
  ),
  RETOUCH_QUIETLY: truth('false').describe(
    "`true` keeps re-touches from the organization's own plug-ins, workflows and flows, as far as Dataverse allows it.",
  ),
  RETOUCH_DRY_RUN: truth('false').describe(
    '`true` writes no row again: the log and telemetry tell what would be done, and the failures wait.',
  ),
  RETOUCH_SELF_TEST_DAYS: numberBetween(1, 365, 7).describe(
    "How long it counts what a self-test has shown: whether writing a row's own value makes Dataverse export it again.",
  ),
  VERIFY_INTERVAL_SECONDS: numberBetween(1, 3600, 30).describe(
    'Between two looks whether a re-touched row has arrived.',
  ),
  VERIFY_TIMEOUT_SECONDS: numberBetween(1, 86_400, 900).describe(
    'A re-touch not seen to arrive by then was in vain. Where the exporter tells no versions, another failure is waited for so long at least.',
  ),
  LAG_LIMIT_SECONDS: numberBetween(60, 604_800, 900).describe(
    'A change of the source that is older and has not been exported is a finding. Above DELTA_MAX_INTERVAL_SECONDS.',
  ),
  INITIAL_SYNC_STALL_SECONDS: numberBetween(60, 604_800, 3600).describe(
    'An initial sync that has made no progress for so long is a finding.',
  ),
  SECRET_EXPIRY_DAYS: numberBetween(1, 365, 30).describe(
    'A secret that ends within so many days is a finding.',
  ),
  INACTIVE_WARNING_DAYS: numberBetween(0, 365, 7).describe(
    'A profile that is inactive is a finding for so many days after it was last seen active.',
  ),
  FINDING_QUIET_SECONDS: numberBetween(1, 86_400, 600).describe(
    'A finding that was not seen for so long is closed.',
  ),
  TICKET_WEBHOOKS: ticketWebhooks
    .optional()
    .describe(
      'Ticketing systems whose webhook calls are taken: `servicenow=`, `jira=`, `json=`, each with the Key Vault address of its secrets, separated by commas.',
    ),
  TICKET_SYSTEM: z
    .enum(['servicenow', 'jira', 'json'], 'must be servicenow, jira or json')
    .optional()
    .describe('Ticketing system that is told of findings. Without it nobody is.'),
  TICKET_SYSTEM_URL: origin.optional().describe('Origin of that system.'),
  TICKET_SYSTEM_PLACE: z
    .string()
    .optional()
    .describe(
      'Where tickets are made: the table of ServiceNow (`incident` if absent), service desk and request type of Jira (`4/27`), the path of a plain receiver (`/` if absent).',
    ),
  TICKET_SYSTEM_LOGIN_URI: z
    .string()
    .optional()
    .describe(
      'Key Vault address of its login: `user:password` for ServiceNow, `email:token` for Jira, the secrets that sign for a plain receiver.',
    ),
  TICKET_FIRST_DELAY_SECONDS: numberBetween(1, 86_400, 60).describe(
    'Until a ticket that could not be told is told again; twice as long each time.',
  ),
  TICKET_MAX_DELAY_SECONDS: numberBetween(1, 604_800, 21_600).describe('The most between two such tries.'),
  TICKET_MAX_ATTEMPTS: numberBetween(1, 100, 12).describe('Tries until telling a ticket is given up.'),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z.string().optional().describe('Where telemetry goes.'),
  TELEMETRY_FILE: z
    .string()
    .optional()
    .describe('File that gets the same events and metrics as lines of JSON; local use.'),
});

/** The settings as the program uses them, read and checked once. */
export type Settings = Readonly<z.output<typeof settingsSchema>>;
