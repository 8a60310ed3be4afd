import { finished } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import type { DestinationColumn, DestinationTable } from '../../model/table-schema.ts';
import { stagingType } from './column-types.ts';
import { quoted } from './identifiers.ts';
import type { PreparedRow } from './row-text.ts';

/** Rows joined to one string and encoded at once: large enough to be cheap, small enough not to hold a page twice. */
const rowsPerChunk = 500;

/** A staged row: its place in the staging table, so that parts of a page are merged without being loaded again. */
export interface StagedRow extends PreparedRow {
  readonly ordinal: number;
}

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

function* chunks(rows: readonly StagedRow[]): Generator<Buffer> {
  for (let start = 0; start < rows.length; start += rowsPerChunk) {
    let text = '';
    for (const { ordinal, line } of rows.slice(start, start + rowsPerChunk)) text += `${ordinal}\t${line}\n`;
    yield Buffer.from(text, 'utf8');
  }
}

/** Copies rows into the staging table; `columns` are those that the lines hold after the id. */
export async function loadStaging(
  client: pg.PoolClient,
  stage: string,
  columns: readonly DestinationColumn[],
  rows: readonly StagedRow[],
): Promise<void> {
  const names = ['ordinal', '"Id"', ...columns.map(({ name }) => quoted(name))];
  const stream = client.query(copyStreams.from(`COPY ${stage} (${names.join(',')}) FROM STDIN`));
  let hasFailed = false;
  const end = finished(stream).catch((error: unknown) => {
    hasFailed = true;
    throw error;
  });
  for (const chunk of chunks(rows)) {
    if (!stream.write(chunk))
      await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), end]);
    if (hasFailed) break;
  }
  if (!hasFailed) stream.end();
  await end;
}
