import { finished } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { isRowFault } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import { stagingType } from './column-types.ts';
import { quoted } from './identifiers.ts';
import type { IdentifiedRow, PageRows } from './row-text.ts';

/** Rows joined to one string and encoded at once: large enough to be cheap, small enough not to hold a page twice. */
const rowsPerChunk = 500;

const stagesByClient = new WeakMap<pg.PoolClient, Map<string, string>>();

/**
 * The staging table of this connection for the table's shape, made on first use. It must be called outside a transaction, so
 * that a rollback does not take the table away. It empties itself at the end of every transaction.
 */
export async function ensureStage(client: pg.PoolClient, table: DestinationTable): Promise<string> {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${stagingType(type)}`);
  const shape = `ordinal integer, "Id" uuid, ${columns.join(', ')}`;
  const stages = stagesByClient.get(client) ?? new Map<string, string>();
  stagesByClient.set(client, stages);
  const known = stages.get(shape);
  if (known !== undefined) return known;
  const stage = `pg_temp.stage_${stages.size + 1}`;
  // A page fits into memory and is gone with its commit: neither spilling it to disk nor compressing wide rows pays.
  // The setting is refused once a session has used a temporary table, as behind a connection pooler it may have.
  if (stages.size === 0) await client.query("SET temp_buffers = '64MB'").catch(() => undefined);
  await client.query(
    `CREATE TEMP TABLE ${stage.slice('pg_temp.'.length)} (${shape}) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS`,
  );
  stages.set(shape, stage);
  return stage;
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

/** Copies rows of a page into the staging table; those that cannot be expressed are left out and put into `unexpressed`. */
export async function loadStaging(
  client: pg.PoolClient,
  stage: string,
  page: PageRows,
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Promise<void> {
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
}
