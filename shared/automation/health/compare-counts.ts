import type { TableNotes } from '../../model/health-notes.ts';
import type { ExportedProfile } from '../../ports/exporter-api.ts';
import { daySeconds, secondsFrom, type TableEvidence, type TableFailures } from './evidence.ts';
import type { Ask } from './gather-evidence.ts';
import type { LookPorts } from './health-ports.ts';
import { isLoaded } from './table-checks.ts';

/** Tables of a profile that are counted in one run: the destination reads each as a whole. */
const mostCounted = 10;
/** After a count that did not fit. */
const againSeconds = 3600;
/** Rows that may always be on their way. */
const fewRows = 10;

/** Rows on both sides, and how far they may be apart. */
export type TableCounts = NonNullable<TableEvidence['counts']>;

/**
 * Counts the loaded tables whose turn it is on both sides, once a day each. Dataverse's number is up to 24 hours old: what
 * the table has done since its count the day before may be the difference, and so may rows that failed. The first count is
 * only remembered. Moves the notes on. An exporter that cannot count is not asked twice.
 */
export async function compareCounts(
  profile: ExportedProfile,
  notes: Map<string, TableNotes>,
  failures: ReadonlyMap<string, TableFailures> | undefined,
  now: string,
  ask: Ask,
  { exporter, organizations, isOver }: LookPorts,
): Promise<ReadonlyMap<string, TableCounts>> {
  const ageOf = (counted: TableNotes['counted']) =>
    counted === undefined ? Number.POSITIVE_INFINITY : secondsFrom(counted.at, now);
  const due = profile.tables
    .filter(isLoaded)
    .flatMap(({ name }) => {
      const known = notes.get(name);
      return known ? [{ name, known }] : [];
    })
    .filter(({ known: { counted } }) => ageOf(counted) >= (counted?.hasDrifted ? againSeconds : daySeconds))
    .sort((one, other) => ageOf(other.known.counted) - ageOf(one.known.counted))
    .slice(0, mostCounted);

  const destination = new Map<string, number>();
  for (const { name } of due) {
    if (isOver()) break;
    const answer = await ask(`Counting the rows of table "${name}"`, async () => ({
      rows: await exporter.rowCount(profile.id, name),
    }));
    if (answer && answer.rows === undefined) return new Map();
    if (answer?.rows !== undefined) destination.set(name, answer.rows);
  }
  if (destination.size === 0) return new Map();
  const source = await ask('Counting the rows in Dataverse', async () =>
    (await organizations.dataverse(profile.organizationId)).rowCounts([...destination.keys()]),
  );

  const counts = new Map<string, TableCounts>();
  for (const { name, known } of due) {
    const [there, here] = [source?.get(name), destination.get(name)];
    if (there === undefined || here === undefined) continue;
    const { counted, progress } = known;
    const before = ageOf(counted) >= daySeconds ? counted?.progress : counted?.before;
    const failed = failures?.get(name)?.rows ?? 0;
    const allowed = fewRows + failed + Math.abs(progress.count - (before ?? progress.count));
    if (before !== undefined) counts.set(name, { source: there, destination: here, allowed });
    const hasDrifted = before !== undefined && Math.abs(there - here) > allowed;
    notes.set(name, { ...known, counted: { at: now, progress: progress.count, before, hasDrifted } });
  }
  return counts;
}
