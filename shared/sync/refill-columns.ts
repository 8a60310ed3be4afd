import { hasCode } from '../errors.ts';
import type { Refill } from '../model/checkpoint.ts';
import { readCurrentPage, type TableRequest } from './read-current.ts';
import { isOver, readTime, type TableRun } from './table-run.ts';
import { advanceCheckpoint, writePage } from './write-page.ts';

/**
 * Reads rows again that were written before a column was known, page by page: those with a value in it, or all where the
 * organization does not filter by it. For a column that is new in Dataverse, too, that is one page without rows. Done after a
 * complete pass, and for no longer than the table may wait for the next one: changes come first.
 */
export async function refillColumns(run: TableRun): Promise<void> {
  const { clock, options, pageSlots } = run.ports;
  const until = clock.now().getTime() + options.deltaIntervalSeconds * 1000;
  while (run.checkpoint.refill && !isOver(run) && clock.now().getTime() < until) {
    const release = await pageSlots.take();
    try {
      await refillPage(run, run.checkpoint.refill);
    } finally {
      release();
    }
  }
}

async function refillPage(run: TableRun, refill: Refill): Promise<void> {
  const { link, isWhole } = refill;
  const [first, ...others] = columnsThere(run, refill);
  // They were deleted in Dataverse before they were filled.
  if (first === undefined) return advanceCheckpoint(run, { refill: undefined });
  const columns: Refill['columns'] = [first, ...others];
  const readAt = readTime(run);
  const request: TableRequest =
    link !== undefined
      ? { kind: 'next', link }
      : isWhole
        ? { kind: 'rows' }
        : { kind: 'rows', withAnyOf: columns };
  try {
    const page = await readCurrentPage(run, request);
    if (run.isVoid) return;
    const { following } = page;
    const next: Refill | undefined =
      following.kind === 'next' ? { columns, link: following.link, ...(isWhole && { isWhole }) } : undefined;
    await writePage(run, page, { refill: next }, readAt, 'refill');
  } catch (error) {
    if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_DELTA_TOKEN_EXPIRED')) throw error;
    // It named a column that was deleted meanwhile: without it, the re-read begins anew.
    const isVoidLink = link !== undefined && error.code === 'DATAVERSE_DELTA_TOKEN_EXPIRED';
    if (isVoidLink || columnsThere(run, { columns }).length < columns.length)
      return advanceCheckpoint(run, { refill: { columns } });
    if (link !== undefined || isWhole) throw error;
    run.ports.log.warn(`All rows of table "${run.table}" are read again for new columns: ${error.message}`);
    await advanceCheckpoint(run, { refill: { columns, isWhole: true } });
  }
}

const columnsThere = ({ shape }: TableRun, { columns }: Refill) =>
  columns.filter((column) => shape.query.columns.includes(column));
