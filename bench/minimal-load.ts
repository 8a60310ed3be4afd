import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import copyStreams from 'pg-copy-streams';
import { metadataOf, pagesOf, type SourceRows } from './source-rows.ts';

/**
 * The least that a program can do to load tables, one after the other: fetch, `JSON.parse`, `COPY`. No exact numbers, no schema, no checkpoint,
 * no second read, nothing when it is killed. A program of its own, so that its CPU time is its own. Where a table is `like`
 * another one, it also does what any program must that begins with nothing: it reads what tells of the table, makes it, and
 * keeps the labels of its options and where to go on, in one transaction with the rows.
 */
export type MinimalLoad = {
  readonly tables: readonly { readonly source: SourceRows; readonly table: string; readonly like?: string }[];
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

/** Labels and the place to go on, of each table. */
const keptBeside = 'dbo.minimal_kept';

async function begin(client: Client, source: SourceRows, table: string, like: string): Promise<void> {
  const [definition = '', ...options] = await metadataOf(source);
  JSON.parse(definition);
  const labels = options.flatMap((answer) => (JSON.parse(answer) as { value: object[] }).value);
  await client.query('BEGIN');
  await client.query(`CREATE TABLE ${table} (LIKE ${like} INCLUDING ALL)`);
  const kept = `INSERT INTO ${keptBeside} ("table", labels) VALUES ($1, $2)`;
  await client.query(kept, [table, JSON.stringify(labels)]);
}

async function load({ tables, connectionString, mostRows }: MinimalLoad): Promise<MinimalFigures> {
  const client = new Client({ connectionString, options: '-c TimeZone=UTC' });
  await client.connect();
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${keptBeside} ("table" text PRIMARY KEY, labels jsonb, next text)`,
  );
  const startedAt = performance.now();
  const startCpu = process.cpuUsage();
  let rows = 0;
  for (const { source, table, like } of tables) {
    if (like !== undefined) await begin(client, source, table, like);
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
    if (like === undefined) continue;
    await client.query(`UPDATE ${keptBeside} SET next = $2 WHERE "table" = $1`, [table, source.url]);
    await client.query('COMMIT');
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
