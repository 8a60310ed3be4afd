import { z } from 'zod';
import { isLoopbackHost } from './hosts.ts';
import { profileTemplatesSchema } from './model/automation-api/profile-form.ts';
import { readForm } from './model/automation-api/read-form.ts';

/** A guid, lower-cased. */
export const guid = z.guid('must be a guid').transform((id) => id.toLowerCase());

/** Tokens travel to these addresses: in clear only as far as this machine. User information is never repeated. */
function originProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an absolute URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (url.href !== `${url.origin}/`) return 'must be an origin without a path';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return 'must begin with https:// (http only for this machine)';
  return undefined;
}

/** An address of a service, without a path; https but for this machine. */
export const origin = z.string().transform((text, context) => {
  const problem = originProblem(text);
  if (problem === undefined) return new URL(text).origin;
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
});

/** A whole number within limits, both of them allowed. */
export const numberBetween = (smallest: number, largest: number, preset: number) =>
  z
    .string()
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= smallest && Number(text) <= largest,
      `must be a whole number between ${smallest} and ${largest}`,
    )
    .transform(Number)
    .default(preset);

/** `true` or `false`. */
export const truth = (preset: 'true' | 'false') =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .default(preset)
    .transform((text) => text === 'true');

/** The parts of a list, in their order. */
export const partsOf = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Values separated by commas; one at least. */
export const list = <T extends z.ZodType<unknown, string>>(item: T) =>
  z.string().transform(partsOf).pipe(z.array(item).min(1, 'must name at least one'));

/** A domain that stands for all hosts below it, or one server by its port. */
export const domainOrServer = z
  .string()
  .regex(
    /^([a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9.-]+:\d{1,5})$/i,
    'must be a domain such as vault.azure.net, or host:port',
  );
/** One host, with or without a port. */
export const host = z
  .string()
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d{1,5})?$/i, 'must be a host, or host:port');

/** `<system>=<address of a secret>` for one or more ticketing systems; an address by the name of the system. */
export const ticketWebhooks = list(
  z
    .string()
    .regex(/^(servicenow|jira|json)=https:\/\/\S+$/, 'must be servicenow=, jira= or json= and https://...'),
).transform(
  (pairs): Readonly<Record<string, string>> =>
    Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
);

const months = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const days = 'sun|mon|tue|wed|thu|fri|sat';
/** Least and greatest value of each field, and names that stand for values. */
const scheduleFields = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12, months],
  [0, 6, days],
] as const;

function isSchedule(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return (
    fields.length === scheduleFields.length &&
    scheduleFields.every(([least, greatest, names = '-'], index) => {
      const value = `(?:\\d{1,2}|${names})`;
      const form = new RegExp(`^(?:\\*|${value}(?:-${value})?)(?:/0*[1-9]\\d?)?$`, 'i');
      return (fields[index] ?? '').split(',').every((part) => {
        const numbers = part.replace(/\/.*/, '').match(/\d+/g) ?? [];
        return (
          form.test(part) && numbers.every((number) => Number(number) >= least && Number(number) <= greatest)
        );
      });
    })
  );
}

/** An NCRONTAB expression, in UTC. */
export const schedule = (preset: string) =>
  z.string().refine(isSchedule, 'must be an NCRONTAB expression of six fields').default(preset);

/** Profile templates by name, as JSON; all that is wrong with them is told at once. */
export const profileTemplates = z
  .string()
  .default('{}')
  .transform((text, context) => {
    const read = readForm(profileTemplatesSchema, parsedJson(text));
    if ('form' in read) return read.form;
    const message = `must be JSON of templates by name: ${read.problems.join(', ')}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
