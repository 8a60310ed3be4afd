import { ServiceError } from '../errors.ts';
import { rowId } from '../schema/row-id.ts';
import { keysOf } from '../schema/row-query.ts';
import { afterLoad, intoDelta } from './after-load.ts';
import { onePiece, withBorder } from './key-ranges.ts';
import { askTable, readCurrentPage } from './read-current.ts';
import { reportProgress } from './report-progress.ts';
import { isOver, readTime, roundingMilliseconds, type TableRun } from './table-run.ts';
import { advanceCheckpoint, writePage } from './write-page.ts';

const sweepLimit = 5000;

/**
 * Counts the rows, takes the borders of the ranges that are loaded then, and the delta link from before the load: so whether
 * Dataverse's last link covers rows that change during a long load does not matter. A table of one page is simply read once.
 */
export async function takeIdentity(run: TableRun): Promise<void> {
  if (run.checkpoint.link === undefined) {
    if (run.checkpoint.needsSweep) await advanceCheckpoint(run, { loadStartedAt: await reloadStart(run) });
    if (await readWhole(run)) return;
  }
  while (run.checkpoint.phase === 'identity' && !isOver(run)) {
    const { link, rowsExpected = 0, pageInPass } = run.checkpoint;
    const keys = keysOf(run.shape.query);
    const page = await askTable(run, keys, (query) =>
      run.dataverse.readPage(
        link === undefined ? { kind: 'tracked-rows', query } : { kind: 'next', query, link },
      ),
    );
    const [first] = page.rows;
    const from = first && rowId(first, keys.table.primaryId);
    const read =
      link === undefined
        ? { rowsExpected: page.rows.length, ranges: onePiece }
        : {
            rowsExpected: rowsExpected + page.rows.length,
            ranges: withBorder(run.checkpoint.ranges ?? onePiece, pageInPass, from),
          };
    if (page.following.kind === 'next') {
      const { link: next } = page.following;
      await advanceCheckpoint(run, {
        ...read,
        link: next,
        pageInPass: link === undefined ? 1 : pageInPass + 1,
      });
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
      ...read,
      phase: 'load',
      link: undefined,
      deltaLink,
      loadStartedAt,
      rowsLoaded: 0,
      pageInPass: 0,
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
