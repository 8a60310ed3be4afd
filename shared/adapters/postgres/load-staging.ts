import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { isRowFault } from '../../error-codes.ts';
import { ServiceError } from '../../errors.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { IdentifiedRow } from '../../schema/identified-rows.ts';
import { unexpressed as unexpressedFault } from '../../schema/rejections.ts';
import type { Refused } from '../sql/statements.ts';
import { stagingType } from './column-types.ts';
import { quoted } from './identifiers.ts';
import { isDone, isolateEach } from './isolate-refused.ts';
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
  append: PageRows['appendLine'],
  rows: readonly IdentifiedRow[],
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Generator<Buffer> {
  for (let start = 0; start < rows.length; start += rowsPerChunk) {
    let text = '';
    for (const row of rows.slice(start, start + rowsPerChunk)) {
      try {
        text = append(text, row);
      } catch (error) {
        if (!(error instanceof ServiceError && isRowFault(error.code))) throw error;
        unexpressed.set(row, error);
      }
    }
    yield Buffer.from(text, 'utf8');
  }
}

async function copy(client: pg.PoolClient, into: string, lines: Iterable<Buffer>): Promise<void> {
  const stream = client.query(copyStreams.from(`COPY ${into} FROM STDIN`));
  let hasFailed = false;
  const end = finished(stream).catch((error: unknown) => {
    hasFailed = true;
    throw error;
  });
  for (const chunk of lines) {
    if (!stream.write(chunk))
      await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), end]);
    if (hasFailed) break;
  }
  if (!hasFailed) stream.end();
  await end;
}

/**
 * Copies the rows of a page into the staging table, which is empty, and returns those that are not there: they cannot be
 * expressed, or PostgreSQL refused them. The caller is in a transaction.
 */
export async function loadStaging(
  client: pg.PoolClient,
  stage: string,
  page: PageRows,
): Promise<readonly Refused<IdentifiedRow>[]> {
  const unexpressed = new Map<IdentifiedRow, ServiceError>();
  const names = ['ordinal', '"Id"', ...page.columns.map(({ name }) => quoted(name))];
  const isAllDone = await isDone(client, () =>
    copy(client, `${stage} (${names.join(',')})`, chunks(page.appendLine, page.rows, unexpressed)),
  );
  const refused = isAllDone ? [] : await loadEach(client, stage, page, unexpressed);
  return [
    ...Array.from(unexpressed, ([item, error]) => ({ item, fault: unexpressedFault(error) })),
    ...refused,
  ];
}

/**
 * Stages the rows by way of a table that takes any of them, to find those that the staging table does not take: with a
 * character that the database's encoding lacks, or wider than a row can be.
 */
async function loadEach(
  client: pg.PoolClient,
  stage: string,
  page: PageRows,
  unexpressed: Map<IdentifiedRow, ServiceError>,
): Promise<readonly Refused<IdentifiedRow>[]> {
  await client.query('CREATE TEMP TABLE unstaged (line json) ON COMMIT DROP');
  await copy(client, 'pg_temp.unstaged', chunks(page.appendObject, page.rows, unexpressed));
  const rows = page.rows.filter((row) => !unexpressed.has(row));
  const { refused } = await isolateEach(client, rows, {
    type: 'tid',
    array: 'ARRAY(SELECT ctid FROM pg_temp.unstaged ORDER BY ctid)',
    statement: (some) =>
      `INSERT INTO ${stage} SELECT r.* FROM pg_temp.unstaged u, json_populate_record(NULL::${stage}, u.line) r
       WHERE u.ctid = ANY(${some})`,
  });
  return refused;
}
