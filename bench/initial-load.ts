import { parseArgs } from 'node:util';
import { adminToken } from '../local/demonstration/admin-token.ts';
import { type GivenDatabase, givenDatabase } from './bare-bulk-load.ts';
import { copyBare, drain, loadMinimally, type Rate, sizeOfPage } from './bare-loads.ts';
import type { MinimalFigures } from './minimal-load.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf, cpuSecondsOfAll, memoryOf } from './process-usage.ts';
import {
  type Bench,
  countedSince,
  createProfile,
  loadProfile,
  makeRows,
  makeTables,
  requestCounts,
  sumOf,
  withBench,
} from './replication.ts';
import { type SourceRows, sourceRows } from './source-rows.ts';
import { watchMemory } from './watch-memory.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Small tables instead of accounts. */
    tables: { type: 'string', default: '0' },
    /** Pages that the app holds at a time. */
    pages: { type: 'string' },
    /** Megabytes that the app's heap is limited to; of itself Node does so on a machine of 2 GB, as `infra` orders it. */
    heap: { type: 'string', default: '1024' },
    /** Connection string of a SQL Server, with a login that owns its database. */
    destination: { type: 'string' },
  },
});
const tableCount = Number(flags.tables);
/** Rows of each table. */
const count = Number(positionals[0] ?? (tableCount === 0 ? 100_000 : 50));
const pageSize = 5000;
/** What is beside the app goes through no more rows than that: its figures are rates. */
const comparedRows = 200_000;

const environment = {
  PAGE_SIZE: `${pageSize}`,
  NODE_OPTIONS: `--max-old-space-size=${flags.heap}`,
  ...(flags.pages !== undefined && { LOAD_PAGES_IN_MEMORY: flags.pages }),
};

const { destination } = flags;
const given = destination === undefined ? undefined : await givenDatabase(destination);
const platform = { minutes: 30, environment, ...(destination !== undefined && { destination }) };

await withBench(platform, async (bench) => {
  const tables = tableCount === 0 ? ['account'] : await makeTables(bench, tableCount, count);
  if (tableCount === 0) await makeRows(bench, 'account', count);
  const sources = await sourcesOf(bench, tables);
  // Once in vain, so that no measurement has to warm the source up.
  await drain(sources, comparedRows);
  const page = sources[0] && (await sizeOfPage(sources[0]));
  const app = await loadByApp(bench, tables, given);
  const drained = await drain(sources, comparedRows);
  if (given) return tell({ app, drained, bare: await given.loadBare(tables[0] ?? ''), page });
  const bare = await copyBare(bench, tables, comparedRows);
  const minimal = await loadMinimally(bench, tables, sources, { mostRows: comparedRows });
  const anew =
    tableCount === 0
      ? undefined
      : await loadMinimally(bench, tables, sources, { mostRows: comparedRows, beginsWithNothing: true });
  tell({ app, drained, bare, minimal, anew, page });
}).finally(() => given?.close());
process.exit(0);

async function sourcesOf({ platform, signal }: Bench, tables: readonly string[]): Promise<SourceRows[]> {
  const { entra, dataverse } = platform.addresses;
  const token = await adminToken(entra, dataverse, { signal })();
  const sources: SourceRows[] = [];
  for (const table of tables) sources.push(await sourceRows(dataverse, token, { table, pageSize }));
  return sources;
}

async function loadByApp(bench: Bench, tables: readonly string[], into?: GivenDatabase) {
  const { platform } = bench;
  const pid = platform.pid('app');
  const where = into && { DestinationType: 'SqlAzure', DestinationSchemaName: into.schema };
  const id = await createProfile(bench, tables, where);
  const memoryBefore = memoryOf(pid).now;
  const [requestsBefore, before] = [await requestCounts(bench), cpuOfParts(bench)];
  const memory = watchMemory(pid);
  const loaded = await loadProfile(bench, id, memory.rowsAre);
  const after = cpuOfParts(bench);
  const memoryLines = memory.end();
  const requests = countedSince(requestsBefore, await requestCounts(bench));
  return {
    ...{ ...loaded, requests: sumOf(requests), memoryBefore, memoryLines },
    cpuSeconds: after.app - before.app,
    neighbours: { source: after.source - before.source, database: after.database - before.database },
  };
}

function cpuOfParts({ platform }: Bench): Readonly<Record<'app' | 'source' | 'database', number>> {
  return {
    app: cpuSecondsOf(platform.pid('app')),
    source: cpuSecondsOf(platform.pid('dataverse')),
    // A database that was given is not ours to watch.
    database: given ? Number.NaN : cpuSecondsOfAll(platform.pid('database')),
  };
}

function tell(measured: {
  app: Awaited<ReturnType<typeof loadByApp>>;
  drained: Rate;
  bare: Rate;
  minimal?: MinimalFigures;
  anew?: MinimalFigures | undefined;
  page: { text: number; objects: number } | undefined;
}): void {
  const { app, drained, bare, minimal, anew, page = { text: 0, objects: 0 } } = measured;
  const neighbours = Object.entries(app.neighbours).filter(([, seconds]) => !Number.isNaN(seconds));
  const perSecond = ({ rows, seconds }: Rate) => rows / seconds;
  const cpu = ({ rows, cpuSeconds }: { rows: number; cpuSeconds: number }) => (cpuSeconds / rows) * 1e6;
  const row = (name: string, rate: Rate) => [
    name,
    figure(perSecond(rate)),
    `${figure(perSecond(app) / perSecond(rate))}`,
  ];
  const what =
    tableCount === 0 ? 'rows of account' : `rows in ${tableCount} tables of ${count.toLocaleString('en')}`;
  printFigures(
    `Initial load of ${app.rows.toLocaleString('en')} ${what}, all columns, pages of ${pageSize}: ${figure(app.seconds)} s, ${app.requests.toLocaleString('en')} requests to Dataverse`,
    ['', 'rows/s', 'app in proportion'],
    [
      row('app, from activation to completed', app),
      ...(minimal ? [row('minimal program: fetch, JSON.parse, COPY', minimal)] : []),
      ...(anew ? [row('the same, which reads definitions and makes tables, too', anew)] : []),
      row('source drained alone, same query', drained),
      row(`same rows through bare ${minimal ? 'COPY' : 'bulk load'}`, bare),
    ],
  );
  printFigures(
    'CPU time of each process',
    ['', 'microseconds/row', 'app in proportion'],
    [
      ['app', figure(cpu(app)), '1'],
      ...(minimal ? [['minimal program', figure(cpu(minimal)), figure(cpu(app) / cpu(minimal))]] : []),
      ...(anew ? [['the same, with tables', figure(cpu(anew)), figure(cpu(app) / cpu(anew))]] : []),
      ...neighbours.map(([part, cpuSeconds]) => [
        `the ${part}, while the app loads`,
        figure(cpu({ rows: app.rows, cpuSeconds })),
        '',
      ]),
    ],
  );
  printFigures(
    `Memory of the app, MB, looked at ten times a second; heap limited to ${flags.heap}`,
    ['', 'lowest', 'median', 'highest'],
    [['before', figure(app.memoryBefore), '', ''], ...app.memoryLines],
  );
  printFigures(
    'Beside it',
    ['', 'MB'],
    [
      ['a page as text (UTF-8)', figure(page.text)],
      ['a page as objects, without any garbage', figure(page.objects)],
      ...(minimal ? [['minimal program, most (one page at a time)', figure(minimal.peakMegabytes)]] : []),
    ],
  );
}
