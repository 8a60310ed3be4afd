import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import copyStreams from 'pg-copy-streams';
import { pagesOf, type SourceRows } from './source-rows.ts';

/**
 * The least that a program can do to load tables, one after the other: fetch, `JSON.parse`, `COPY`. No exact numbers, no schema, no checkpoint,
 * no second read, nothing when it is killed. A program of its own, so that its CPU time is its own.
 */
export type MinimalLoad = {
  readonly tables: readonly { readonly source: SourceRows; readonly table: string }[];
  readonly connectionString: string;
  /** No page is begun after so many rows. */
  readonly mostRows: number;
};
export type MinimalFigures = {
  readonly rows: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
};

const needsEscape = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function linesOf(rows: readonly Record<string, unknown>[], members: readonly string[]): string {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const member of members) {
      const value = row[member];
      text += separator;
      separator = '\t';
      if (value === null || value === undefined) text += '\\N';
      else if (typeof value === 'string' && needsEscape.test(value))
        text += value.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? '');
      else text += value;
    }
    text += '\n';
  }
  return text;
}

async function load({ tables, connectionString, mostRows }: MinimalLoad): Promise<MinimalFigures> {
  const client = new Client({ connectionString, options: '-c TimeZone=UTC' });
  await client.connect();
  const startedAt = performance.now();
  const startCpu = process.cpuUsage();
  let rows = 0;
  for (const { source, table } of tables) {
    const members = source.columns.map((column) => column.source);
    const names = source.columns.map(({ name }) => `"${name}"`).join(',');
    for await (const page of pagesOf(source)) {
      const { value } = JSON.parse(page) as { value: Record<string, unknown>[] };
      const stream = client.query(copyStreams.from(`COPY ${table} (${names}) FROM STDIN`));
      stream.end(linesOf(value, members));
      await finished(stream);
      rows += value.length;
      if (rows >= mostRows) break;
    }
  }
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  return { rows, seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes };
}

process.once('message', async (task: MinimalLoad) => {
  process.send?.(await load(task));
  process.disconnect();
});
