import { errorCodes } from '../error-codes.ts';
import { asServiceError, messageWithCure } from '../errors.ts';
import type { ExportedProfile } from '../ports/exporter-api.ts';
import type { Log } from '../ports/log.ts';
import type { AutomationPorts } from './automation-ports.ts';

/**
 * Acts on each item. The trouble of one is logged and does not stop the others; what is a defect of ours is thrown after
 * the last one, so that the host sees it. `doing` begins the sentence "... goes on later: ...".
 */
export async function eachWithoutStopping<T>(
  items: Iterable<T> | AsyncIterable<T>,
  doing: (item: T) => string,
  log: Log,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const defects: unknown[] = [];
  for await (const item of items) {
    try {
      await act(item);
    } catch (error) {
      if (!logTrouble(doing(item), error, log)) defects.push(error);
    }
  }
  if (defects.length > 0) throw defects[0];
}

/**
 * The same for each of the exporter's profiles; while the exporter cannot be asked, nothing is done. `profilesLeft` counts
 * the profile itself and those after it.
 */
export async function eachProfile(
  doing: string,
  ports: AutomationPorts,
  act: (profile: ExportedProfile, profilesLeft: number) => Promise<void>,
): Promise<void> {
  let profiles: readonly ExportedProfile[] = [];
  try {
    profiles = await ports.exporter.profiles();
  } catch (error) {
    if (!logTrouble(doing, error, ports.log)) throw error;
  }
  let left = profiles.length;
  const nameOf = ({ name }: ExportedProfile) => `${doing} of profile "${name}"`;
  await eachWithoutStopping(profiles, nameOf, ports.log, (profile) => act(profile, left--));
}

/** Logs a foreseen error, as a warning when it passes by itself. False: it is none, and must be thrown on. */
export function logTrouble(doing: string, error: unknown, log: Log): boolean {
  const known = asServiceError(error);
  if (known.code === 'INTERNAL') return false;
  const line = `${doing} goes on later: ${messageWithCure(known)}`;
  if (errorCodes[known.code].retry === 'timed') log.warn(line);
  else log.error(line);
  return true;
}
