import { hasCode, ServiceError } from '../errors.ts';
import { type Comparison, isRoundDue, type Round } from '../model/comparison.ts';
import { rowId } from '../schema/row-id.ts';
import { versionOfRow } from '../schema/row-version.ts';
import { type Difference, judge } from './judge-differences.ts';
import type { TableRun } from './table-run.ts';

/** Rows as they were before a delta pass: what still differs after it was not on its way. */
interface Slice {
  /** Versions in Dataverse by id; undefined: the row is not there. */
  readonly source: ReadonlyMap<string, string | undefined>;
  /** Versions in the destination of those that are not in Dataverse. */
  readonly surplus: ReadonlyMap<string, string>;
  /** Where the rounds go on after it. */
  readonly rounds: Pick<Comparison, 'source' | 'destination'>;
}

/**
 * Does a delta pass, and where a comparison is due, compares some rows of the table with Dataverse: they are read before the
 * pass and compared after it, so that what the pass brings is no difference. What is found is in `compared`, to be kept. The
 * trouble of a comparison is no trouble of the table: it is put off.
 */
export async function withComparison<Pass extends { readonly isComplete: boolean }>(
  run: TableRun,
  known: Comparison | undefined,
  replicate: () => Promise<Pass>,
): Promise<{ readonly pass: Pass; readonly compared?: Comparison }> {
  const { phase, pageInPass } = run.checkpoint;
  // A pass that has begun before may end with what was then.
  if (!known?.isDue || phase !== 'delta' || pageInPass > 0) return { pass: await replicate() };
  const slice = await tolerating(run, known, () => readSlice(run, known));
  const pass = await replicate();
  if ('isDue' in slice) return { pass, compared: slice };
  if (!pass.isComplete || run.isVoid) return { pass };
  const compared = await tolerating(run, known, async () => {
    const differences = await differencesOf(run, slice);
    return await judge(run, known, { differences, rows: slice.source.size, rounds: slice.rounds });
  });
  return { pass, compared };
}

/** What `act` gives; after a fault what was known, to be gone on with at another time. */
async function tolerating<T>(
  { table, profile, ports }: TableRun,
  known: Comparison,
  act: () => Promise<T>,
): Promise<T | Comparison> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'INTERNAL') throw error;
    ports.log.warn(`Table "${table}" of profile "${profile.name}" is compared later: ${error.message}`);
    const { source, ...others } = known;
    // Perhaps it is the page link that is refused.
    const isKept = source && !hasCode(error, 'DATAVERSE_REQUEST_REFUSED');
    return { ...others, ...(isKept && { source }), isDue: false };
  }
}

async function readSlice(run: TableRun, known: Comparison): Promise<Slice> {
  const { options, clock } = run.ports;
  const { rows, intervalSeconds } = options.comparison;
  const now = clock.now();
  const begun = (round: Round | undefined, after: string | undefined): Round => ({
    ...(after !== undefined && { after }),
    begunAt: round?.after === undefined ? now.toISOString() : round.begunAt,
  });
  const source = new Map<string, string | undefined>();
  const rounds = { source: known.source, destination: known.destination };
  if (isRoundDue(known.source, intervalSeconds, now))
    rounds.source = begun(known.source, await readPages(run, known.source?.after, rows, source));
  const ids = new Set(known.doubts.map(({ id }) => id));
  if (isRoundDue(known.destination, intervalSeconds, now)) {
    const limit = Math.ceil(rows / 10);
    const some = await run.destination.idsAfter(run.table, known.destination?.after, limit);
    for (const id of some) ids.add(id);
    rounds.destination = begun(known.destination, some.length < limit ? undefined : some.at(-1));
  }
  const unread = [...ids].filter((id) => !source.has(id));
  const found = await versionsInDataverse(run, unread);
  for (const id of unread) source.set(id, found.get(id));
  const surplus = await run.destination.rowVersions(
    run.table,
    unread.filter((id) => !found.has(id)),
  );
  return { source, surplus, rounds: definedOf(rounds) };
}

const definedOf = ({ source, destination }: Record<'source' | 'destination', Round | undefined>) => ({
  ...(source && { source }),
  ...(destination && { destination }),
});

const keysOf = ({ shape: { query } }: TableRun) => ({
  ...query,
  columns: query.columns.filter((name) => name === query.table.primaryId || name === 'versionnumber'),
  hasAnnotations: false,
});

/** Reads pages from `after` on until there are enough rows, and puts their versions into `found`; where it went on, if it does. */
async function readPages(
  run: TableRun,
  after: string | undefined,
  rows: number,
  found: Map<string, string | undefined>,
): Promise<string | undefined> {
  const query = keysOf(run);
  let link = after;
  do {
    const page = await run.dataverse.readPage(
      link === undefined ? { kind: 'rows', query } : { kind: 'next', query, link },
    );
    for (const row of page.rows) found.set(rowId(row, query.table.primaryId), versionOfRow(row));
    link = page.following.kind === 'next' ? page.following.link : undefined;
  } while (link !== undefined && found.size < rows);
  return link;
}

async function versionsInDataverse(
  run: TableRun,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const query = keysOf(run);
  const rows = ids.length === 0 ? [] : await run.dataverse.readRows(query, ids);
  return new Map(rows.map((row) => [rowId(row, query.table.primaryId), versionOfRow(row)]));
}

/** What differs after the pass and is in Dataverse as it was before: the pass was past it. Rejected rows are known to differ. */
async function differencesOf(run: TableRun, { source, surplus }: Slice): Promise<readonly Difference[]> {
  const stored = await run.destination.rowVersions(run.table, [...source.keys()]);
  const differing = [...source.keys()].filter((id) => stored.get(id) !== source.get(id));
  if (differing.length === 0) return [];
  const now = await versionsInDataverse(run, differing);
  const unchanged = differing.filter((id) => {
    const version = source.get(id);
    // Of a row that was made again and is gone again, the destination has another version than before.
    return now.get(id) === version && (version !== undefined || stored.get(id) === surplus.get(id));
  });
  const rejected = await run.destination.rejectedAmong(run.table, unchanged);
  return unchanged
    .filter((id) => !rejected.has(id))
    .map((id) => ({ id, version: source.get(id), stored: stored.get(id) }));
}
