import type { Release } from '../at-most.ts';
import { ServiceError } from '../errors.ts';
import type { ChangePage } from '../model/change.ts';
import type { CheckpointAdvance } from '../model/checkpoint.ts';
import type { PageRequest } from '../ports/dataverse.ts';
import { readCurrentPage } from './read-current.ts';
import { reportProgress } from './report-progress.ts';
import { isOver, readTime, roundingMilliseconds, type TableRun } from './table-run.ts';
import { advanceCheckpoint, writePage } from './write-page.ts';

const sweepLimit = 5000;

/**
 * Counts the rows and takes the delta link from before the load: so whether Dataverse's last link covers rows that
 * change during a long load does not matter. A table of one page is simply read once.
 */
export async function takeIdentity(run: TableRun): Promise<void> {
  const { query } = run.shape;
  if (run.checkpoint.link === undefined) {
    if (run.checkpoint.needsSweep) await advanceCheckpoint(run, { loadStartedAt: await reloadStart(run) });
    if (await readWhole(run)) return;
  }
  const keys = { ...query, columns: [query.table.primaryId], hasAnnotations: false };
  while (run.checkpoint.phase === 'identity' && !isOver(run)) {
    const { link, rowsExpected = 0 } = run.checkpoint;
    const request: PageRequest =
      link === undefined ? { kind: 'tracked-rows', query: keys } : { kind: 'next', query: keys, link };
    const page = await run.dataverse.readPage(request);
    const counted = { rowsExpected: (link === undefined ? 0 : rowsExpected) + page.rows.length };
    if (page.following.kind === 'next') {
      await advanceCheckpoint(run, { ...counted, link: page.following.link });
      continue;
    }
    if (page.following.kind === 'end')
      throw new ServiceError(
        'DATAVERSE_ANSWER_UNREADABLE',
        `Cannot load table "${run.table}": the last page of a tracked read has no delta link; one is expected.`,
      );
    const deltaLink = page.following.link;
    const loadStartedAt = run.checkpoint.needsSweep ? await reloadStart(run) : undefined;
    await advanceCheckpoint(run, {
      ...counted,
      phase: 'load',
      link: undefined,
      deltaLink,
      loadStartedAt,
      rowsLoaded: 0,
    });
  }
}

/** Reads the first page of all columns; when it is the whole table, writes it and is done. */
async function readWhole(run: TableRun): Promise<boolean> {
  const release = await run.ports.pageSlots.take();
  try {
    const readAt = readTime(run);
    const page = await readCurrentPage(run, { kind: 'tracked-rows' });
    if (page.following.kind !== 'delta') return false;
    const count = { rowsExpected: page.rows.length, rowsLoaded: page.rows.length };
    await writePage(run, page, { ...afterLoad(run, page.following.link), ...count }, readAt);
    return true;
  } finally {
    release();
  }
}

/**
 * A time after everything written so far, by whatever clock, so that the sweep can tell what this load has not seen.
 * Writing it moves the turn: a retry that was read before cannot be written after.
 */
async function reloadStart(run: TableRun): Promise<string> {
  const lastWrittenAt = (await run.destination.lastWrittenAt(run.table))?.getTime() ?? 0;
  return new Date(
    Math.max(run.ports.clock.now().getTime(), lastWrittenAt + roundingMilliseconds),
  ).toISOString();
}

/** Reads all columns of all rows by plain pages; where memory allows, the next page is fetched while one is written. */
export async function loadRows(run: TableRun): Promise<void> {
  const { pageSlots } = run.ports;
  const { link } = run.checkpoint;
  let reading: Reading | undefined = read(run, link, await pageSlots.take());
  while (reading) {
    const { readAt, release, answer }: Reading = reading;
    reading = undefined;
    try {
      const page = await answer;
      if (run.isVoid) return;
      const nextLink = page.following.kind === 'next' ? page.following.link : undefined;
      const nextRelease = nextLink !== undefined && !isOver(run) ? pageSlots.tryTake() : undefined;
      if (nextLink !== undefined && nextRelease) reading = read(run, nextLink, nextRelease);
      const rowsLoaded = run.checkpoint.rowsLoaded + page.rows.length;
      const following =
        nextLink === undefined ? afterLoad(run, run.checkpoint.deltaLink) : { link: nextLink };
      await writePage(run, page, { ...following, rowsLoaded }, readAt);
    } catch (error) {
      reading?.release();
      throw error;
    } finally {
      release();
    }
  }
}

/** A page on its way, and what gives its slot back. */
interface Reading {
  readonly readAt: Date;
  readonly release: Release;
  readonly answer: Promise<ChangePage>;
}

function read(run: TableRun, link: string | undefined, release: Release): Reading {
  const readAt = readTime(run);
  const answer = readCurrentPage(run, link === undefined ? { kind: 'rows' } : { kind: 'next', link });
  // It is awaited later: its failure must not count as unhandled while the present page is written.
  answer.catch(() => {});
  return { readAt, release, answer };
}

/** Deletes what a reload did not see; readers never saw the table empty meanwhile. */
export async function sweepTable(run: TableRun): Promise<void> {
  const { destination, shape, profile, ports } = run;
  while (run.checkpoint.phase === 'sweep' && !isOver(run)) {
    const swept = await destination.sweep({
      table: shape.target,
      turn: run.checkpoint,
      before: new Date(run.checkpoint.loadStartedAt ?? 0),
      limit: sweepLimit,
      advance: intoDelta(run.checkpoint.deltaLink),
      isDeleteLogged: profile.writeDeleteLog,
      sweptAt: ports.clock.now(),
    });
    run.checkpoint = swept.checkpoint;
    run.done.deletedRows += swept.deletedCount;
    if (run.checkpoint.phase === 'sweep') await reportProgress(run);
  }
}

const intoDelta = (deltaLink: string | undefined): CheckpointAdvance => ({
  phase: 'delta',
  link: deltaLink,
  deltaLink: undefined,
  needsSweep: false,
  isResync: false,
  pageInPass: 0,
});

function afterLoad(run: TableRun, deltaLink: string | undefined): CheckpointAdvance {
  return run.checkpoint.needsSweep ? { phase: 'sweep', link: undefined, deltaLink } : intoDelta(deltaLink);
}
