import { z } from 'zod';
import { ServiceError } from './errors.ts';

const origin = (protocols: RegExp) =>
  z
    .url({ protocol: protocols, error: 'must be an absolute URL' })
    .refine(
      (url) => new URL(url).pathname === '/' && new URL(url).search === '',
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

/** Every setting the program reads, with its limits and its preset. Documented in `docs/settings.md`. */
export const settingsSchema = z.object({
  TENANT_ID: z.guid('must be a guid').transform((id) => id.toLowerCase()),
  ENTRA_URL: origin(/^https?$/).default('https://login.microsoftonline.com'),
  API_APPLICATION_ID: z.guid('must be a guid').transform((id) => id.toLowerCase()),
  API_APPLICATION_URI: z.string().min(1),
  DATAVERSE_URLS: list(origin(/^https?$/)),
  KEY_VAULT_HOSTS: list(z.string()).default(['vault.azure.net', 'vault.azure.cn', 'vault.usgovcloudapi.net']),
  SERVICE_URL: origin(/^https?$/).optional(),
  MANAGED_IDENTITY_CLIENT_ID: z.guid('must be a guid').optional(),
  /** Set by the platform where there is a managed identity; without it, the sign-in of whoever runs the program is used. */
  IDENTITY_ENDPOINT: z.string().optional(),
  AzureWebJobsStorage: z.string().optional(),
  AzureWebJobsStorage__accountName: z.string().optional(),
  EXPORTER_URL: origin(/^https?$/).optional(),
  EXPORTER_RESOURCE: z.string().optional(),
  PAGE_SIZE: numberBetween(1, 5000, 5000),
  WORK_ITEM_SECONDS: numberBetween(1, 480, 240),
  DELTA_INTERVAL_SECONDS: numberBetween(1, 3600, 15),
  DELTA_MAX_INTERVAL_SECONDS: numberBetween(1, 86_400, 300),
  WATCHDOG_GRACE_SECONDS: numberBetween(5, 3600, 600),
  START_DELTA_SYNCS_SCHEDULE: schedule('0 */2 * * * *'),
  POLL_STATUS_SCHEDULE: schedule('0 */5 * * * *'),
  INGEST_FAILURES_SCHEDULE: schedule('30 * * * * *'),
  RETOUCH_FIRST_DELAY_SECONDS: numberBetween(0, 86_400, 60),
  RETOUCH_MAX_DELAY_SECONDS: numberBetween(1, 604_800, 21_600),
  RETOUCH_MAX_ATTEMPTS: numberBetween(1, 100, 12),
  VERIFY_INTERVAL_SECONDS: numberBetween(1, 3600, 30),
  VERIFY_TIMEOUT_SECONDS: numberBetween(1, 86_400, 900),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z.string().optional(),
  TELEMETRY_FILE: z.string().optional(),
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
