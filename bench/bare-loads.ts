import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'pg';
import copyStreams from 'pg-copy-streams';
import { inParallel } from './in-parallel.ts';
import type { MinimalFigures, MinimalLoad } from './minimal-load.ts';
import type { Bench } from './replication.ts';
import { pagesOf, type SourceRows } from './source-rows.ts';

/** So many rows, in so many seconds. */
export type Rate = { readonly rows: number; readonly seconds: number };

const readAtOnce = 4;

/** The source alone: pages are read and thrown away, of several tables at once; no page is begun after so many rows. */
export async function drain(sources: readonly SourceRows[], mostRows: number): Promise<Rate> {
  const startedAt = performance.now();
  let rows = 0;
  await inParallel(sources, readAtOnce, async (source) => {
    for await (const page of pagesOf(source)) {
      rows += page.split('"@odata.etag"').length - 1;
      if (rows >= mostRows) break;
    }
  });
  return { rows, seconds: (performance.now() - startedAt) / 1000 };
}

/** One page as text, and what it is as JavaScript objects; megabytes. */
export async function sizeOfPage(source: SourceRows): Promise<{ text: number; objects: number }> {
  const { value: page = '' } = await pagesOf(source).next();
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const objects = JSON.parse(page) as object;
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - before;
  // Used once more, so that it cannot have been collected.
  return { text: Buffer.byteLength(page) / 2 ** 20, objects: 'value' in objects ? grown / 2 ** 20 : 0 };
}

const minimal = (table: string) => `dbo.minimal_${table}`;

/**
 * The rows that the app has written, once more into empty tables of the same shape, as PostgreSQL itself can; the first so many
 * of each. Leaves empty tables for the minimal program.
 */
export async function copyBare(
  { platform, folder }: Bench,
  tables: readonly string[],
  mostRows: number,
): Promise<Rate> {
  const client = new Client({ connectionString: platform.addresses.database });
  await client.connect();
  const file = join(folder, 'rows.copy');
  let [rows, milliseconds] = [0, 0];
  for (const table of tables) {
    const some = `COPY (SELECT * FROM dbo.${table} LIMIT ${mostRows}) TO STDOUT`;
    await pipeline(client.query(copyStreams.to(some)), createWriteStream(file));
    await client.query(`CREATE TABLE dbo.bench_bare (LIKE dbo.${table} INCLUDING ALL)`);
    await client.query(`CREATE TABLE ${minimal(table)} (LIKE dbo.${table} INCLUDING ALL)`);
    await client.query('CHECKPOINT');
    const startedAt = performance.now();
    const stream = client.query(copyStreams.from('COPY dbo.bench_bare FROM STDIN'));
    await pipeline(createReadStream(file), stream);
    milliseconds += performance.now() - startedAt;
    rows += stream.rowCount;
    await client.query('DROP TABLE dbo.bench_bare');
  }
  await client.end();
  return { rows, seconds: milliseconds / 1000 };
}

/** The minimal program, in a process of its own; `sources` in the order of the tables. `beginsWithNothing`: it makes them, too. */
export async function loadMinimally(
  { platform }: Bench,
  tables: readonly string[],
  sources: readonly SourceRows[],
  { mostRows, beginsWithNothing = false }: { mostRows: number; beginsWithNothing?: boolean },
): Promise<MinimalFigures> {
  const child = fork(fileURLToPath(new URL('./minimal-load.ts', import.meta.url)));
  const task: MinimalLoad = {
    tables: sources.map((source, index) => {
      const table = minimal(tables[index] ?? '');
      return { source, ...(beginsWithNothing ? { table: `${table}_anew`, like: table } : { table }) };
    }),
    connectionString: platform.addresses.database,
    mostRows,
  };
  child.send(task);
  const answer = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The minimal program ended without figures.'))),
  ]);
  return answer[0] as MinimalFigures;
}
