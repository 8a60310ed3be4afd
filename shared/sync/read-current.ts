import { hasCode } from '../errors.ts';
import type { ChangePage } from '../model/change.ts';
import type { PageRequest } from '../ports/dataverse.ts';
import { compareVersions } from '../schema/row-version.ts';
import type { TableRun } from './table-run.ts';
import type { TableShape } from './table-shape.ts';

/**
 * Reads a page with all columns that the table had at that moment. A row that came without the value of a column that is
 * new would be written with its version, and the version would keep the value out for ever.
 */
export async function readCurrentPage(
  run: TableRun,
  request:
    | { readonly kind: 'rows' | 'tracked-rows' }
    | { readonly kind: 'next' | 'delta'; readonly link: string },
): Promise<ChangePage> {
  for (;;) {
    try {
      const page = await run.dataverse.readPage({ ...request, query: run.shape.query } as PageRequest);
      // A page without rows costs no request, but what it tells is heeded: labels follow also where no row changes.
      const isSilent = page.rows.length === 0 && page.metadataVersion === undefined;
      if (isSilent || !(await renewShape(run, page.metadataVersion))) return page;
    } catch (error) {
      // Perhaps it was asked for a column that has been deleted.
      if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED') || !(await readShapeAgain(run))) throw error;
    }
  }
}

/** Reads the shape again if the metadata has moved since; `seen` saves a request. Tells whether there are other columns. */
export async function renewShape(run: TableRun, seen?: string): Promise<boolean> {
  if (!isOutdated(run.shape, seen ?? (await run.dataverse.metadataVersion()))) return false;
  return readShapeAgain(run);
}

async function readShapeAgain(run: TableRun): Promise<boolean> {
  const { shape, profile, table, dataverse, destination, ports } = run;
  ports.shapes.forget(profile, table);
  run.shape = await ports.shapes.of(profile, table, dataverse, destination);
  return run.shape.query.columns.join() !== shape.query.columns.join();
}

/** Whether the organization's metadata has moved since the shape was read. Its servers may tell older versions, too. */
export function isOutdated({ metadataVersion }: TableShape, seen: string | undefined): boolean {
  if (seen === undefined) return false;
  return metadataVersion === undefined || compareVersions(seen, metadataVersion) > 0;
}
