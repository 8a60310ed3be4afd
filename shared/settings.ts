import { ServiceError } from './errors.ts';
import { partsOf } from './setting-values.ts';
import { type Settings, settingsSchema } from './settings-schema.ts';

export { type Settings, settingsSchema } from './settings-schema.ts';

type Given = Readonly<Record<string, string>>;

interface Problem {
  readonly setting: keyof Settings;
  readonly text: string;
}

/** Numbers of which the second is at least the first. */
const ordered = [
  ['DELTA_INTERVAL_SECONDS', 'DELTA_MAX_INTERVAL_SECONDS'],
  ['FAILURE_LOG_DAYS', 'LEDGER_DAYS'],
  ['TICKET_FIRST_DELAY_SECONDS', 'TICKET_MAX_DELAY_SECONDS'],
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
  for (const setting of ['TICKET_SYSTEM_URL', 'TICKET_SYSTEM_LOGIN_URI'] as const)
    if (given.TICKET_SYSTEM !== undefined && given[setting] === undefined)
      problems.push({ setting, text: 'is missing; TICKET_SYSTEM cannot be called without it' });
  if (given.TICKET_SYSTEM === 'jira' && !/^[\w-]+\/\d+$/.test(given.TICKET_SYSTEM_PLACE ?? ''))
    problems.push({
      setting: 'TICKET_SYSTEM_PLACE',
      text: 'must be service desk and request type, such as 4/27',
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
