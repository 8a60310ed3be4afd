import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { slots } from '../../../shared/at-most.ts';
import type { PageRequest } from '../../../shared/ports/dataverse.ts';
import type { PageWrite } from '../../../shared/ports/destination.ts';
import { loadRows } from '../../../shared/sync/load-rows.ts';
import type { TableRun } from '../../../shared/sync/table-run.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const pagesOfQuickRange = 6;

/** A load of two ranges. The second one's page comes only when `sendSlow` is called. */
function twoRanges() {
  const pages: WeakRef<object>[] = [];
  const slow = Promise.withResolvers<void>();
  const isAllWritten = Promise.withResolvers<void>();
  let written = 0;
  const readPage = async (request: PageRequest) => {
    if ('from' in request) await slow.promise;
    const page = 'link' in request ? Number(request.link) : 0;
    const isLast = 'from' in request || page + 1 === pagesOfQuickRange;
    const following = isLast ? { kind: 'end' } : { kind: 'next', link: String(page + 1) };
    const rows = [{ accountid: 'x' }];
    pages.push(new WeakRef(rows));
    return { rows, deletedIds: [], following };
  };
  const writePage = async ({ advance }: PageWrite) => {
    written += 1;
    if (written === pagesOfQuickRange) setImmediate(isAllWritten.resolve);
    return {
      ...{ checkpoint: { ...run.checkpoint, ...advance }, writtenCount: 1, deletedCount: 0, rejected: [] },
    };
  };
  const exporting = { state: 'active', activation: 1, tables: [{ name: 'account', settings: {} }] };
  const run = {
    ...{ profile: { id: 'p', retryPolicy: {} }, table: 'account', activation: 1, turn: 1, isVoid: false },
    shape: { target: { columns: [] }, query: { columns: [] } },
    dataverse: { readPage, metadataVersion: async () => undefined },
    destination: { writePage },
    ports: {
      pageSlots: slots(2),
      clock: { now: () => new Date(0) },
      syncStates: {
        update: async (_: string, __: string, change: (state: object) => object) =>
          change({ turn: 1, activation: 1 }),
      },
      profiles: { get: async () => exporting },
    },
    endsAt: 1,
    done: { pages: 0, writtenRows: 0, deletedRows: 0, rejectedRows: 0 },
    checkpoint: { epoch: 1, sequence: 0, phase: 'load', rowsLoaded: 0, ranges: [{}, { from: '2' }] },
  } as unknown as TableRun;
  return { run, pages, isAllWritten: isAllWritten.promise, sendSlow: slow.resolve };
}

test('pages that were written are let go while another range is still being read', async () => {
  const { run, pages, isAllWritten, sendSlow } = twoRanges();
  const loaded = loadRows(run);
  await isAllWritten;
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  const held = pages.filter((page) => page.deref() !== undefined).length;
  sendSlow();
  await loaded;
  expect(pages).toHaveLength(pagesOfQuickRange + 1);
  // The last one may be held by the loop that waits.
  expect(held).toBeLessThanOrEqual(1);
});
