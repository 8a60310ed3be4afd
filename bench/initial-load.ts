import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'pg';
import copyStreams from 'pg-copy-streams';
import { adminToken } from '../local/demonstration/admin-token.ts';
import { narrator } from '../local/demonstration/narrator.ts';
import { openStage, type Stage } from '../local/demonstration/stage.ts';
import { isSynced } from '../local/demonstration/watch-initial-sync.ts';
import type { Platform } from '../local/platform/start-platform.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { organizationId } from '../local/sign-ins.ts';
import type { MinimalFigures, MinimalLoad } from './minimal-load.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf, cpuSecondsOfAll, forgetPeak, memoryOf } from './process-usage.ts';
import { pagesOf, type SourceRows, sourceRows } from './source-rows.ts';

const table = 'account';
const count = Number(process.argv[2] ?? 100_000);
/** Megabytes that the app's heap is limited to, to see with how few it can do. */
const heap = process.argv[3];
/** How many pages the app holds at a time; with two, one range is read while it writes. */
const pages = process.argv[4];
// The preset of a real environment, not the demonstration's.
const pageSize = 5000;

type Rate = { readonly rows: number; readonly seconds: number };

await withTemporaryPlatform(
  {
    rows: 100,
    environment: {
      PAGE_SIZE: `${pageSize}`,
      ...(heap && { NODE_OPTIONS: `--max-old-space-size=${heap}` }),
      ...(pages && { LOAD_PAGES_IN_MEMORY: pages }),
    },
    signal: AbortSignal.timeout(900_000),
  },
  async (platform, folder) => {
    const stage = openStage(platform, narrator(), AbortSignal.timeout(900_000));
    await makeRows(platform);
    const token = await adminToken(platform.addresses.entra, platform.addresses.dataverse, stage)();
    const source = await sourceRows(platform.addresses.dataverse, token, { table, pageSize });
    // Once in vain, so that no measurement has to warm the source up.
    await drain(source);
    const page = await sizeOfPage(source);
    const app = await loadByApp(platform, stage);
    const drained = await drain(source);
    const copied = await copyBare(platform, folder);
    const minimal = await loadMinimally(platform, source);
    await stage.database.close();
    tell({ app, drained, copied, minimal, page });
  },
);

async function makeRows({ addresses }: Platform): Promise<void> {
  const response = await fetch(`${addresses.dataverse}/simulator/rows`, {
    method: 'POST',
    body: JSON.stringify({ table, count, seed: 7 }),
  });
  if (!response.ok) throw new Error(`Cannot make rows: ${await response.text()}`);
}

async function loadByApp(platform: Platform, { exporter }: Stage) {
  const pid = platform.pid('app');
  const profile = await exporter.create({
    Name: 'Bench',
    OrganizationId: organizationId,
    DestinationType: 'PostgreSql',
    DestinationKeyVaultUri: `${platform.addresses.keyvault}/secrets/reporting`,
    Entities: [{ Type: table }],
    WriteDeleteLog: true,
  });
  await exporter.profile(profile.Id);
  const memoryBefore = memoryOf(pid).now;
  forgetPeak(pid);
  const before = cpuOfParts(platform);
  await exporter.activate(profile.Id);
  let peakAfterQuarter: number | undefined;
  for (;;) {
    await sleep(100);
    const { Entities, ActivationTime = '' } = await exporter.profile(profile.Id);
    const [entity] = Entities;
    const rows = entity?.Status?.SuccessNotifications ?? 0;
    if (rows >= count / 4) peakAfterQuarter ??= memoryOf(pid).peak;
    if (!entity || !isSynced(entity)) continue;
    const after = cpuOfParts(platform);
    const cpuSeconds = after.app - before.app;
    const neighbours = {
      source: after.source - before.source,
      database: after.database - before.database,
    };
    const { peak } = memoryOf(pid);
    const seconds =
      (Date.parse(entity.InitialSyncDataCompletedTime ?? '') - Date.parse(ActivationTime)) / 1000;
    return {
      ...{ rows, seconds, cpuSeconds, neighbours },
      ...{ memoryBefore, peakAfterQuarter: peakAfterQuarter ?? peak, peak },
    };
  }
}

function cpuOfParts(platform: Platform) {
  return {
    app: cpuSecondsOf(platform.pid('app')),
    source: cpuSecondsOf(platform.pid('dataverse')),
    database: cpuSecondsOfAll(platform.pid('database')),
  };
}

/** The source alone: pages are read and thrown away. */
async function drain(source: SourceRows): Promise<Rate> {
  const startedAt = performance.now();
  let rows = 0;
  for await (const page of pagesOf(source)) rows += page.split('"@odata.etag"').length - 1;
  return { rows, seconds: (performance.now() - startedAt) / 1000 };
}

/** One page as text, and what it is as JavaScript objects; megabytes. */
async function sizeOfPage(source: SourceRows): Promise<{ text: number; objects: number }> {
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

/** The rows that the app has written, once more into an empty table of the same shape, as PostgreSQL itself can. */
async function copyBare({ addresses }: Platform, folder: string): Promise<Rate> {
  const client = new Client({ connectionString: addresses.database });
  await client.connect();
  const file = join(folder, 'rows.copy');
  await pipeline(client.query(copyStreams.to(`COPY dbo.${table} TO STDOUT`)), createWriteStream(file));
  await client.query(`CREATE TABLE dbo.bench_bare (LIKE dbo.${table} INCLUDING ALL)`);
  await client.query('CHECKPOINT');
  const startedAt = performance.now();
  const stream = client.query(copyStreams.from('COPY dbo.bench_bare FROM STDIN'));
  await pipeline(createReadStream(file), stream);
  const seconds = (performance.now() - startedAt) / 1000;
  const { rows } = await client.query('SELECT count(*)::int AS n FROM dbo.bench_bare');
  await client.query(`DROP TABLE dbo.bench_bare`);
  await client.query(`CREATE TABLE dbo.bench_minimal (LIKE dbo.${table} INCLUDING ALL)`);
  await client.end();
  return { rows: rows[0].n, seconds };
}

async function loadMinimally({ addresses }: Platform, source: SourceRows): Promise<MinimalFigures> {
  const child = fork(fileURLToPath(new URL('./minimal-load.ts', import.meta.url)));
  const task: MinimalLoad = { source, connectionString: addresses.database, table: 'dbo.bench_minimal' };
  child.send(task);
  const answer = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The minimal program ended without figures.'))),
  ]);
  return answer[0] as MinimalFigures;
}

function tell(measured: {
  app: Awaited<ReturnType<typeof loadByApp>>;
  drained: Rate;
  copied: Rate;
  minimal: MinimalFigures;
  page: { text: number; objects: number };
}): void {
  const { app, drained, copied, minimal, page } = measured;
  const perSecond = ({ rows, seconds }: Rate) => rows / seconds;
  const cpu = ({ rows, cpuSeconds }: { rows: number; cpuSeconds: number }) => (cpuSeconds / rows) * 1e6;
  const row = (name: string, rate: Rate) => [
    name,
    figure(perSecond(rate)),
    `${figure(perSecond(app) / perSecond(rate))}`,
  ];
  printFigures(
    `Initial load of ${app.rows.toLocaleString('en')} rows of ${table}, all columns, pages of ${pageSize}`,
    ['', 'rows/s', 'app in proportion'],
    [
      row('app, from activation to completed', app),
      row('minimal program: fetch, JSON.parse, COPY', minimal),
      row('source drained alone, same query', drained),
      row('same rows through bare COPY', copied),
    ],
  );
  printFigures(
    'CPU time of each process',
    ['', 'microseconds/row', 'app in proportion'],
    [
      ['app', figure(cpu(app)), '1'],
      ['minimal program', figure(cpu(minimal)), figure(cpu(app) / cpu(minimal))],
      ...(['source', 'database'] as const).map((part) => [
        `the ${part}, while the app loads`,
        figure(cpu({ rows: app.rows, cpuSeconds: app.neighbours[part] })),
        '',
      ]),
    ],
  );
  const grown = app.peak - app.memoryBefore;
  printFigures(
    'Memory of the app',
    ['', 'MB'],
    [
      ['before', figure(app.memoryBefore)],
      ['most in the first quarter of the rows', figure(app.peakAfterQuarter)],
      ['most in all', figure(app.peak)],
      ['grown by', figure(grown)],
      ['two pages as text (UTF-8)', figure(2 * page.text)],
      ['two pages as objects, without any garbage', figure(2 * page.objects)],
      ['minimal program, most (one page at a time)', figure(minimal.peakMegabytes)],
    ],
  );
}
