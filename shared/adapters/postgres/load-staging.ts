import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { isRowFault } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { stagingType } from './column-types.ts';
import { quoted } from './identifiers.ts';
import type { PageRows } from './row-text.ts';

/** Rows joined to one string and encoded at once: large enough to be cheap, small enough not to hold a page twice. */
const rowsPerChunk = 500;

/**
 * Makes the staging table for the table's shape, unless this session has it. In the page's transaction and not before,
 * because a connection pooler may give every transaction another session; there the name, a hash of the shape, keeps
 * the shapes of all its clients apart. It empties itself at the end of every transaction.
 */
export async function ensureStage(client: pg.PoolClient, table: DestinationTable): Promise<string> {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${stagingType(type)}`);
  const shape = `ordinal integer, "Id" uuid, ${columns.join(', ')}`;
  const stage = `stage_${createHash('sha256').update(shape).digest('hex').slice(0, 32)}`;
  // Compressing wide rows does not pay for a page.
  await client.query(
    `CREATE TEMP TABLE IF NOT EXISTS ${stage} (${shape}) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS`,
  );
  return `pg_temp.${stage}`;
}

function* chunks(
  page: PageRows,
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Generator<Buffer> {
  for (let start = 0; start < rows.length; start += rowsPerChunk) {
    let text = '';
    for (const row of rows.slice(start, start + rowsPerChunk)) {
      try {
        text = page.appendLine(text, row);
      } catch (error) {
        if (!(error instanceof ServiceError && isRowFault(error.code))) throw error;
        unexpressed.set(row, error);
      }
    }
    yield Buffer.from(text, 'utf8');
  }
}

/** Copies rows of a page into the staging table and returns how many; those that cannot be expressed are left out and put into `unexpressed`. */
export async function loadStaging(
  client: pg.PoolClient,
  stage: string,
  page: PageRows,
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Promise<number> {
  const names = ['ordinal', '"Id"', ...page.columns.map(({ name }) => quoted(name))];
  const stream = client.query(copyStreams.from(`COPY ${stage} (${names.join(',')}) FROM STDIN`));
  let hasFailed = false;
  const end = finished(stream).catch((error: unknown) => {
    hasFailed = true;
    throw error;
  });
  for (const chunk of chunks(page, rows, unexpressed)) {
    if (!stream.write(chunk))
      await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), end]);
    if (hasFailed) break;
  }
  if (!hasFailed) stream.end();
  await end;
  return stream.rowCount;
}
