import type { Finding } from '../model/finding.ts';
import type { ApiPorts } from './api-ports.ts';
import { startTrial, timeLimit } from './trial.ts';
import { type Tried, tryDestination } from './try-destination.ts';
import { trySource } from './try-source.ts';

/** Callers wait for the report, and what stands between ends a request after a few minutes. */
const wholeSeconds = 30;

/**
 * Tries everything that replication of the profile needs, its source and its destination whichever fails, in at most 30
 * seconds. Changes nothing. With `isPlaceKnown: false` the destination is left alone: its description is wrong.
 */
export async function tryProfile(
  profile: Tried,
  ports: ApiPorts,
  { isPlaceKnown = true } = {},
): Promise<readonly Finding[]> {
  const limit = timeLimit(wholeSeconds, ports.clock);
  const source = startTrial(limit);
  const destination = startTrial(limit);
  const tables = trySource(profile, source, ports);
  await Promise.all([tables, isPlaceKnown && tryDestination(profile, tables, destination, ports)]);
  // What both need and neither got is told once.
  const found = [...source.findings, ...destination.findings];
  return [...new Map(found.map((finding) => [finding.message, finding])).values()];
}
