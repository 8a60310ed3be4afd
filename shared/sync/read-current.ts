import { hasCode, ServiceError } from '../errors.ts';
import type { ChangePage } from '../model/change.ts';
import type { PageRequest, RowQuery } from '../ports/dataverse.ts';
import type { TableRun } from './table-run.ts';
import { isOutdated, type TableShape } from './table-shape.ts';

/** A page, and the shape whose columns it was read with. */
export type ShapedPage = ChangePage & { readonly shape: TableShape };

/** What to read of the run's table. */
export type TableRequest =
  | {
      readonly kind: 'rows';
      readonly from?: string;
      readonly to?: string;
      readonly withAnyOf?: readonly string[];
    }
  | { readonly kind: 'tracked-rows' }
  | { readonly kind: 'next' | 'delta'; readonly link: string };

/**
 * Reads a page with all columns that the table had at that moment. A row that came without the value of a column that is
 * new would be written with its version, and the version would keep the value out for ever.
 */
export async function readCurrentPage(run: TableRun, request: TableRequest): Promise<ShapedPage> {
  for (;;) {
    const { shape } = run;
    const { query } = shape;
    try {
      const page = await run.dataverse.readPage({ ...request, query } as PageRequest);
      // A page without rows costs no request, but what it tells is heeded: labels follow also where no row changes.
      if (page.rows.length === 0 && page.metadataVersion === undefined) return { ...page, shape };
      await renewShape(run, page.metadataVersion);
      // Compared with what this page was asked for: the reader of another page may have renewed the shape meanwhile.
      if (hasColumnsOf(run, query)) return { ...page, shape: run.shape };
    } catch (error) {
      if (!hasCode(error, 'DATAVERSE_REQUEST_REFUSED', 'DATAVERSE_TABLE_MISSING')) throw error;
      // Perhaps it was asked for a column that has been deleted, or by an entity set that has been renamed.
      await readShapeAgain(run);
      if (hasColumnsOf(run, query) && hasSetOf(run, query)) throw unlessTableMissing(run, query, error);
    }
  }
}

/** Asks for rows as this query does; where the table's entity set has been renamed, again by its name of now. */
export async function askTable<T>(
  run: TableRun,
  query: RowQuery,
  ask: (query: RowQuery) => Promise<T>,
): Promise<T> {
  try {
    return await ask(query);
  } catch (error) {
    if (!hasCode(error, 'DATAVERSE_TABLE_MISSING')) throw error;
    await readShapeAgain(run);
    if (hasSetOf(run, query)) throw unlessTableMissing(run, query, error);
    return await ask({ ...query, table: run.shape.query.table });
  }
}

/** That rows are not found by the set which the definition names is no removed table: it passes, as a server's old cache does. */
function unlessTableMissing({ table }: TableRun, query: RowQuery, error: ServiceError): ServiceError {
  if (!hasCode(error, 'DATAVERSE_TABLE_MISSING')) return error;
  return new ServiceError(
    'DATAVERSE_ANSWER_UNREADABLE',
    `Cannot read table "${table}": its definition names entity set "${query.table.entitySetName}", and Dataverse answered that there is none; rows were expected.`,
    { cause: error },
  );
}

/** Renews the shape if the metadata has moved since; `seen` saves a request. */
async function renewShape(run: TableRun, seen: string | undefined): Promise<void> {
  const version = seen ?? (await run.dataverse.metadataVersion());
  if (isOutdated(run.shape, version)) await inTurn(run, version);
}

/** Where several pages are on their way, all of them tell that the metadata moved: the first of their readers is enough. */
async function inTurn(run: TableRun, version: string | undefined): Promise<void> {
  const others = run.renewing?.catch(() => {});
  run.renewing = (async () => {
    await others;
    if (isOutdated(run.shape, version)) await takeShape(run, version);
  })();
  await run.renewing;
}

async function readShapeAgain(run: TableRun): Promise<void> {
  run.ports.shapes.forget(run.profile, run.table);
  await takeShape(run);
}

async function takeShape(run: TableRun, seen?: string): Promise<void> {
  const { profile, table, dataverse, destination, ports } = run;
  const renewed = await ports.shapes.of(profile, table, dataverse, destination, seen);
  // Where several pages are read at a time, a slow reader must not take columns away from pages that have them.
  if (!isOutdated(renewed, run.shape.metadataVersion)) run.shape = renewed;
}

function hasColumnsOf({ shape }: TableRun, { columns }: RowQuery): boolean {
  return shape.query.columns.join() === columns.join();
}

function hasSetOf({ shape }: TableRun, { table }: RowQuery): boolean {
  return shape.query.table.entitySetName === table.entitySetName;
}
