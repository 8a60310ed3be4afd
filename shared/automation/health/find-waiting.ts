import type { TableNotes } from '../../model/health-notes.ts';
import type { NewestChange } from '../../ports/dataverse.ts';
import type { ExportedProfile, ExportedTable } from '../../ports/exporter-api.ts';
import { secondsFrom, type TableEvidence } from './evidence.ts';
import type { Ask } from './gather-evidence.ts';
import type { LookPorts } from './health-ports.ts';
import { isLoaded } from './table-checks.ts';

/** Tables of a profile that Dataverse is asked about in one run: it sorts a table for each answer. */
const mostAsked = 20;

/**
 * For each loaded table: a change of the source that has not arrived, or that there is none. A table that was exported within
 * the limit costs nothing. Of the others, Dataverse is asked for the newest change, those first that were not asked longest;
 * a change that waits is remembered until it arrives, so that a table in which there is always a newer one is not taken for
 * up to date. Moves the notes on.
 */
export async function findWaiting(
  profile: ExportedProfile,
  notes: Map<string, TableNotes>,
  now: string,
  ask: Ask,
  { organizations, limits, isOver }: LookPorts,
): Promise<ReadonlyMap<string, TableEvidence['waiting']>> {
  const waiting = new Map<string, TableEvidence['waiting']>();
  const idle: { readonly name: string; readonly exportedAt: string; readonly known: TableNotes }[] = [];
  for (const table of profile.tables) {
    const known = notes.get(table.name);
    if (!known || !isLoaded(table)) continue;
    const exportedAt = exportTimeOf(table);
    if (exportedAt === undefined) continue;
    if (secondsFrom(exportedAt, now) <= limits.lagSeconds) waiting.set(table.name, 'nothing');
    else if (known.newest && known.newest.changedAt > exportedAt)
      waiting.set(table.name, { changedAt: known.newest.changedAt });
    else if (known.askedAt === undefined || secondsFrom(known.askedAt, now) >= limits.lagSeconds)
      idle.push({ name: table.name, exportedAt, known });
  }
  idle.sort((one, other) => ((one.known.askedAt ?? '') < (other.known.askedAt ?? '') ? -1 : 1));
  const dataverse =
    idle.length === 0
      ? undefined
      : await ask('Finding the organization', () => organizations.dataverse(profile.organizationId));
  if (dataverse === undefined) return waiting;
  for (const { name, exportedAt, known } of idle.slice(0, mostAsked)) {
    if (isOver()) break;
    const answer = await ask(`Asking for the newest change of table "${name}"`, async () => ({
      newest: await dataverse.newestChange(name),
    }));
    const newest = answer && newestOf(answer.newest, known, now);
    notes.set(name, { ...known, askedAt: now, newest: answer ? newest : known.newest });
    if (!answer) continue;
    const isWaiting = newest !== undefined && newest.changedAt > exportedAt;
    waiting.set(name, isWaiting ? { changedAt: newest.changedAt } : 'nothing');
  }
  return waiting;
}

/** Where a table does not tell when, it was when the version was first seen; what was there from the start has arrived. */
function newestOf(change: NewestChange | undefined, { newest, askedAt }: TableNotes, now: string) {
  if (change === undefined) return undefined;
  const { version } = change;
  const isKnown = version === newest?.version;
  const firstSeen = askedAt === undefined ? '' : now;
  return { version, changedAt: change.changedAt ?? (isKnown ? newest.changedAt : firstSeen) };
}

/** Up to when an exporter has exported, or when it exported last. */
function exportTimeOf({ syncedAt, lastExportAt }: ExportedTable): string | undefined {
  const time = syncedAt ?? lastExportAt;
  return time === undefined ? undefined : new Date(time).toISOString();
}
