import { z } from 'zod';
import { ServiceError } from './errors.ts';
import {
  domainOrServer,
  guid,
  host,
  list,
  numberBetween,
  origin,
  partsOf,
  profileTemplates,
  schedule,
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
  KEY_VAULT_HOSTS: list(domainOrServer)
    .default(['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net'])
    .describe('Parent domains of the key vaults that may be called, or host:port of a single one.'),
  ENTRA_DATABASE_HOSTS: list(domainOrServer)
    .default([
      ...['postgres.database.azure.com', 'database.windows.net'],
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
    'A turn begins no new page after this time; the page that it is at must end within the 600 s of functionTimeout. So long, too, one run reads failure logs.',
  ),
  DELTA_INTERVAL_SECONDS: numberBetween(1, 3600, 15).describe(
    'Until a table that just changed is asked again.',
  ),
  DELTA_MAX_INTERVAL_SECONDS: numberBetween(1, 86_400, 300).describe(
    'The most until an idle table is asked again.',
  ),
  WATCHDOG_GRACE_SECONDS: numberBetween(5, 3600, 600).describe('A turn this long overdue is started again.'),
  START_DELTA_SYNCS_SCHEDULE: schedule('0 */2 * * * *').describe(
    'When lost turns are looked for (NCRONTAB, UTC).',
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
  VERIFY_INTERVAL_SECONDS: numberBetween(1, 3600, 30).describe(
    'Between two looks whether a re-touched row has arrived.',
  ),
  VERIFY_TIMEOUT_SECONDS: numberBetween(1, 86_400, 900).describe(
    'A re-touch not seen to arrive by then was in vain.',
  ),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z.string().optional().describe('Where telemetry goes.'),
  TELEMETRY_FILE: z
    .string()
    .optional()
    .describe('File that gets the same events as lines of JSON; local use.'),
});

/** The settings as the program uses them, read and checked once. */
export type Settings = Readonly<z.output<typeof settingsSchema>>;

type Given = Readonly<Record<string, string>>;

interface Problem {
  readonly setting: keyof Settings;
  readonly text: string;
}

/** Numbers of which the second is at least the first. */
const ordered = [
  ['DELTA_INTERVAL_SECONDS', 'DELTA_MAX_INTERVAL_SECONDS'],
  ['FAILURE_LOG_DAYS', 'LEDGER_DAYS'],
] as const;

/** What no setting shows by itself. Looked for whether or not the others are right. */
function problemsBetween(given: Given): Problem[] {
  const problems: Problem[] = [];
  if (given.AzureWebJobsStorage === undefined && given.AzureWebJobsStorage__accountName === undefined)
    problems.push({
      setting: 'AzureWebJobsStorage',
      text: 'is missing; it or AzureWebJobsStorage__accountName must be set',
    });
  if (given.EXPORTER_URL !== undefined && given.EXPORTER_RESOURCE === undefined)
    problems.push({
      setting: 'EXPORTER_RESOURCE',
      text: 'is missing; EXPORTER_URL cannot be called without it',
    });
  for (const [smaller, larger] of ordered) {
    const [less, more] = [smaller, larger].map((name) => settingsSchema.shape[name].safeParse(given[name]));
    if (less?.success && more?.success && more.data < less.data)
      problems.push({
        setting: larger,
        text: `must not be smaller than ${smaller} (${less.data}), is ${more.data}`,
      });
  }
  return problems;
}

/** Whether a value may be shown in an error: it may hold a secret, or a password before a host. */
const isShown = (name: string, value: string) =>
  !/Storage$|CONNECTION_STRING|TEMPLATES$/.test(name) && !value.includes('@');

function problemOf({ path, message }: { path: readonly PropertyKey[]; message: string }, given: Given) {
  const setting = path[0] as keyof Settings;
  const value = given[setting];
  if (value === undefined) return { setting, text: 'is missing' };
  const wrong = typeof path[1] === 'number' ? (partsOf(value)[path[1]] ?? '') : value;
  return { setting, text: `${message}${isShown(setting, wrong) ? `, received "${wrong}"` : ''}` };
}

/** Reads the settings from the environment; `SETTINGS_INVALID` with all problems at once. Empty is as good as unset. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => !!entry[1]),
  );
  const parsed = settingsSchema.safeParse(given);
  const ofEach = parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(issue, given));
  const problems: readonly Problem[] = [...ofEach, ...problemsBetween(given)];
  if (parsed.success && problems.length === 0) return parsed.data;
  const count = `${problems.length} ${problems.length === 1 ? 'setting is' : 'settings are'}`;
  const texts = problems.map(({ setting, text }) => `${setting} ${text}`).join('; ');
  throw new ServiceError('SETTINGS_INVALID', `Cannot start: ${count} wrong. ${texts}.`, {
    parameters: problems.map(({ setting }) => setting),
  });
}
