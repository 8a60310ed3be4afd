import { isGuid } from '../model/guid.ts';
import type { PoisonedMessage } from '../model/poisoned-message.ts';
import type { Log } from '../ports/log.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** Members of our own messages that say what is left undone. */
const idMembers = [
  'organizationId',
  'profileId',
  'table',
  'activation',
  'turn',
  'dueAt',
  'retouchedAt',
  'recordIds',
  'about',
  'id',
  'attempt',
  'operationId',
] as const;

/**
 * A message that failed again and again; an alert follows from the event, and a finding of its profile. It may be anybody's, so the log shows no more of
 * it than its length and what our own messages are told apart by. Nothing is lost with one of ours: the watchdog starts
 * its table again, open failures are planned anew, and operations are sent again.
 */
export async function reportPoison(
  queue: string,
  message: unknown,
  ports: {
    readonly log: Log;
    readonly telemetry: Telemetry;
    readonly automation: { tellPoisoned(message: PoisonedMessage): Promise<void> };
  },
): Promise<void> {
  const { length } = typeof message === 'string' ? message : (JSON.stringify(message) ?? '');
  const known = [`${length} characters`, ...knownMembers(message)].join(', ');
  ports.telemetry.event('queue.message.poisoned', { queue });
  ports.log.error(`A message of queue "${queue}" was given up after several tries: ${known}.`);
  await ports.automation.tellPoisoned({ queue, ...subjectOf(message) });
}

/** Whose work it was, where the message has the form of ours. */
function subjectOf(message: unknown): Omit<PoisonedMessage, 'queue'> {
  const object = typeof message === 'string' ? parsed(message) : message;
  if (typeof object !== 'object' || object === null) return {};
  const { organizationId, profileId, table } = object as Readonly<Record<string, unknown>>;
  const isId = (value: unknown): value is string => typeof value === 'string' && isGuid(value);
  return {
    ...(isId(organizationId) && { organizationId }),
    ...(isId(profileId) && { profileId }),
    ...(typeof table === 'string' && /^[a-z0-9_]{1,128}$/.test(table) && { table }),
  };
}

function knownMembers(message: unknown): readonly string[] {
  const object = typeof message === 'string' ? parsed(message) : message;
  if (typeof object !== 'object' || object === null) return [];
  return idMembers.flatMap((name) => {
    const value: unknown = Reflect.get(object, name);
    if (Array.isArray(value)) return [`${value.length} ${name}`];
    const isShown = typeof value === 'string' || typeof value === 'number';
    return isShown ? [`${name} ${JSON.stringify(value).slice(0, 40)}`] : [];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
