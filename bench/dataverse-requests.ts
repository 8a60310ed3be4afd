import { setTimeout as sleep } from 'node:timers/promises';
import { figure, printFigures } from './print-figures.ts';
import {
  countedSince,
  createProfile,
  loadProfile,
  makeTables,
  requestCounts,
  withBench,
} from './replication.ts';

const tableCount = 100;
const rowsATable = 50;
const kind = process.argv[2] === 'busy' ? 'busy' : 'idle';
const seconds = Number(process.argv[3] ?? (kind === 'idle' ? 300 : 120));
/** Enough that each busy table has changed whenever it is asked. */
const changesPerSecond = 50;

/**
 * An idle table is asked less and less often, up to the most; here from the beginning, as it were after a quarter of an hour of
 * rest. Seconds of measurement should be a multiple of the preset, 300. Rows are not compared meanwhile: once a day would be
 * once in the measurement, and so in each hour.
 */
const environment = {
  RECONCILE_ROWS: '0',
  ...(kind === 'idle' && { DELTA_INTERVAL_SECONDS: '300', DELTA_MAX_INTERVAL_SECONDS: '300' }),
};

await withBench({ minutes: 10 + seconds / 60, environment }, async (bench) => {
  const tables = await makeTables(bench, tableCount, rowsATable);
  await loadProfile(bench, await createProfile(bench, tables));
  if (kind === 'busy') await bench.organization.startWorkload(changesPerSecond, tables);
  // What the end of the load, and the first changes, make the app ask is not what is asked for.
  await sleep(30_000);
  const before = await requestCounts(bench);
  await sleep(seconds * 1000);
  const counted = countedSince(before, await requestCounts(bench));
  const ofTables = [...counted].filter(([route]) => route.includes('sample_'));
  const others = [...counted].filter(([route]) => !route.includes('sample_'));
  const deltas = ofTables.reduce((sum, [, count]) => sum + count, 0);
  const all = others.reduce((sum, [, count]) => sum + count, deltas);
  const line = (what: string, count: number) => [what, String(count), figure((count / seconds) * 3600)];
  printFigures(
    `Requests to Dataverse for ${tableCount} ${kind} tables, ${seconds} s counted, an hour extrapolated`,
    ['', 'counted', 'an hour'],
    [
      line(`of ${ofTables.length} tables' rows and changes`, deltas),
      ...others.map(([route, count]) => line(route, count)),
      line('all', all),
    ],
  );
});
process.exit(0);
