import type { ChangePage } from '../model/change.ts';
import type { CheckpointAdvance } from '../model/checkpoint.ts';
import type { PageRequest } from '../ports/dataverse.ts';
import { advanceCheckpoint, isOver, readTime, type TableRun, writePage } from './table-run.ts';

const sweepLimit = 5000;

/**
 * Counts the rows and takes the delta link from before the load: so whether Dataverse's last link covers rows that
 * change during a long load does not matter. A table of one page is simply read once.
 */
export async function takeIdentity(run: TableRun): Promise<void> {
  const { query } = run.shape;
  if (run.checkpoint.link === undefined) {
    if (run.checkpoint.needsSweep) await advanceCheckpoint(run, { loadStartedAt: await reloadStart(run) });
    const readAt = readTime(run);
    const whole = await run.dataverse.readPage({ kind: 'tracked-rows', query });
    if (whole.following.kind === 'delta') {
      const deltaLink = whole.following.link;
      const count = whole.rows.length;
      await writePage(
        run,
        whole,
        { ...afterLoad(run, deltaLink), rowsExpected: count, rowsLoaded: count },
        readAt,
      );
      return;
    }
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
    const deltaLink = page.following.kind === 'delta' ? page.following.link : undefined;
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

/**
 * A time after everything written so far, by whatever clock, so that the sweep can tell what this load has not seen.
 * Writing it moves the turn: a retry that was read before cannot be written after. Ten milliseconds, because databases
 * round times.
 */
async function reloadStart(run: TableRun): Promise<string> {
  const lastWrittenAt = (await run.destination.lastWrittenAt(run.table))?.getTime() ?? 0;
  return new Date(Math.max(run.ports.clock.now().getTime(), lastWrittenAt + 10)).toISOString();
}

/** Reads all columns of all rows by plain pages, the next page being fetched while the present one is written. */
export async function loadRows(run: TableRun): Promise<void> {
  const { query } = run.shape;
  const { link } = run.checkpoint;
  let readAt = readTime(run);
  let reading = run.dataverse.readPage(
    link === undefined ? { kind: 'rows', query } : { kind: 'next', query, link },
  );
  for (;;) {
    const page: ChangePage = await reading;
    const pageReadAt = readAt;
    const isLast = page.following.kind !== 'next' || isOver(run);
    readAt = readTime(run);
    if (page.following.kind === 'next' && !isLast)
      reading = unawaited(run.dataverse.readPage({ kind: 'next', query, link: page.following.link }));
    const rowsLoaded = run.checkpoint.rowsLoaded + page.rows.length;
    const advance: CheckpointAdvance =
      page.following.kind === 'next'
        ? { link: page.following.link, rowsLoaded }
        : { ...afterLoad(run, run.checkpoint.deltaLink), rowsLoaded };
    await writePage(run, page, advance, pageReadAt);
    if (isLast) return;
  }
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
  }
}

const intoDelta = (deltaLink: string | undefined): CheckpointAdvance => ({
  phase: 'delta',
  link: deltaLink,
  deltaLink: undefined,
  needsSweep: false,
  pageInPass: 0,
});

function afterLoad(run: TableRun, deltaLink: string | undefined): CheckpointAdvance {
  return run.checkpoint.needsSweep ? { phase: 'sweep', link: undefined, deltaLink } : intoDelta(deltaLink);
}

/** A read that is awaited later: its failure must not count as unhandled while the present page is written. */
function unawaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
