import { z } from 'zod';
import { ServiceError } from './errors.ts';

const guid = z.guid('must be a guid').transform((id) => id.toLowerCase());

const origin = z
  .url({ protocol: /^https?$/, error: 'must be an absolute URL' })
  .refine(
    (url) => URL.parse(url)?.pathname === '/' && new URL(url).search === '',
    'must be an origin without a path',
  )
  .transform((url) => new URL(url).origin);

const numberBetween = (smallest: number, largest: number, preset: number) =>
  z.coerce
    .number()
    .refine((value) => value >= smallest && value <= largest, `must be between ${smallest} and ${largest}`)
    .default(preset);

const list = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item).min(1, 'must name at least one'));

const schedule = (preset: string) =>
  z
    .string()
    .refine((text) => text.trim().split(/\s+/).length === 6, 'must be an NCRONTAB expression of six fields')
    .default(preset);

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
    .min(1)
    .describe("Identifier URI of this app's registration: the resource that callers ask a token for."),
  DATAVERSE_URLS: list(origin).describe('Origins of the organizations to replicate, separated by commas.'),
  KEY_VAULT_HOSTS: list(z.string())
    .default(['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net'])
    .describe('Parent domains of the key vaults that may be called, or host:port of a single one.'),
  SERVICE_URL: origin
    .optional()
    .describe(
      'Origin handed out as ConnectorUrl. Without it, the one the caller used; set it behind a gateway.',
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
    .describe('Resource to ask a token for when EXPORTER_URL is called.'),
  PAGE_SIZE: numberBetween(1, 5000, 5000).describe('Rows a request.'),
  LOAD_PAGES_IN_MEMORY: numberBetween(1, 64, 4).describe(
    'Pages of initial loads that one instance holds at a time. A page of a wide table takes 100 to 200 MB.',
  ),
  WORK_ITEM_SECONDS: numberBetween(1, 480, 240).describe('A turn begins no new page after this time.'),
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
  RETOUCH_FIRST_DELAY_SECONDS: numberBetween(0, 86_400, 60).describe('From a failure to the first re-touch.'),
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

const together = settingsSchema.superRefine((settings, context) => {
  if (!settings.AzureWebJobsStorage && !settings.AzureWebJobsStorage__accountName)
    context.addIssue({
      code: 'custom',
      path: ['AzureWebJobsStorage'],
      message: 'is missing; it or AzureWebJobsStorage__accountName must be set',
    });
  if (settings.DELTA_MAX_INTERVAL_SECONDS < settings.DELTA_INTERVAL_SECONDS)
    context.addIssue({
      code: 'custom',
      path: ['DELTA_MAX_INTERVAL_SECONDS'],
      message: 'must not be smaller than DELTA_INTERVAL_SECONDS',
    });
});

/** Settings whose value may be shown in an error; the others may hold a secret. */
const isShown = (name: string) => !/Storage$|CONNECTION_STRING/.test(name);

/** Reads the settings from the environment; `SETTINGS_INVALID` with all problems at once. */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = together.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    const value = given[name];
    if (value === undefined)
      return issue.code === 'custom' ? `${name} ${issue.message}` : `${name} is missing`;
    return `${name} ${issue.message}${isShown(name) ? `, received "${value}"` : ''}`;
  });
  const count = `${problems.length} ${problems.length === 1 ? 'setting is' : 'settings are'}`;
  throw new ServiceError('SETTINGS_INVALID', `Cannot start: ${count} wrong. ${problems.join('; ')}.`, {
    parameters: parsed.error.issues.map((issue) => String(issue.path[0])),
  });
}
