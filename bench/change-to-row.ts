import { setTimeout as sleep } from 'node:timers/promises';
import { markedChanges } from '../local/demonstration/marked-changes.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import { dataverseWebhookKey } from '../local/keyvault/sample-secrets.ts';
import { quickTimings } from '../local/platform/app-environment.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { type Bench, createProfile, loadProfile, requestCounts, sumOf, withBench } from './replication.ts';

const seconds = Number(process.argv[2] ?? 60);
const isQuick = process.argv[3] === 'quick';
const rates = [1, 50, 500];
const mostTimedPerSecond = 10;
/** The timed changes are of accounts, the others of contacts and tasks. */
const otherTables = ['contact', 'task'];
const tables = ['account', ...otherTables];
/** How long a change may be under way until the next measurement begins. */
const pauseSeconds = 5;

const environment = isQuick ? quickTimings : {};
const minutes = 5 + ((seconds + 40) * rates.length * 2) / 60;

await withBench({ minutes, environment, rows: 20_000 }, async (bench) => {
  await loadProfile(bench, await createProfile(bench, tables));
  const rows: (readonly string[])[] = [];
  for (const hasWebhook of [false, true]) {
    if (hasWebhook) await registerWebhook(bench);
    for (const rate of rates) {
      const figures = await timeChanges(bench, rate).catch((error: Error) => [error.message]);
      rows.push([hasWebhook ? 'webhook' : 'none', String(rate), ...figures]);
      await bench.organization.stopWorkload();
      await sleep(pauseSeconds * 1000);
    }
  }
  printFigures(
    `From change to row, ${seconds} s each, ${isQuick ? "the local platform's settings" : 'the presets of a real environment'}, ${tables.length} tables`,
    ['nudge', 'changes/s', 'made', 'timed', 'p50 s', 'p95', 'p99', 'most', "app's CPU s/s", 'requests/min'],
    rows,
  );
});
process.exit(0);

async function registerWebhook({ simulator, platform }: Bench): Promise<void> {
  await simulator('POST', '/simulator/webhooks', {
    body: {
      ...{ url: `${platform.addresses.app}/webhooks/dataverse`, authType: 'HttpHeader', tables },
      ...{ name: 'x-dataverse-export-key', value: dataverseWebhookKey },
    },
  });
}

/** Changes at this rate, of which some are timed, from before the `PATCH` until the row is seen in that version. */
async function timeChanges(bench: Bench, rate: number): Promise<readonly string[]> {
  const { organization, simulator, platform } = bench;
  const timedPerSecond = Math.min(rate, mostTimedPerSecond);
  const changes = markedChanges(bench, await organization.accounts(2000));
  if (rate > timedPerSecond) await organization.startWorkload(rate - timedPerSecond, otherTables);
  // The first seconds are not what is asked for.
  await sleep(pauseSeconds * 1000);
  const doneBefore = await done();
  const requestsBefore = sumOf(await requestsOfApp());
  const cpuBefore = cpuSecondsOf(platform.pid('app'));
  const startedAt = performance.now();
  const lags: Promise<number>[] = [];
  while (performance.now() - startedAt < seconds * 1000) {
    const lag = changes.next().then(({ lagSeconds }) => lagSeconds);
    lag.catch(() => {});
    lags.push(lag);
    // Uneven, so that the changes do not keep step with the app's own rhythm, and without falling behind.
    const dueAt = startedAt + ((lags.length + Math.random() - 0.5) / timedPerSecond) * 1000;
    await sleep(Math.max(0, dueAt - performance.now()));
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpuShare = (cpuSecondsOf(platform.pid('app')) - cpuBefore) / elapsed;
  const made = (await done()) - doneBefore + lags.length;
  const requests = sumOf(await requestsOfApp()) - requestsBefore;
  const measured = await Promise.all(lags);
  const shares = [0.5, 0.95, 0.99].map((share) => figure(percentile(measured, share)));
  return [
    ...[made.toLocaleString('en'), String(measured.length), ...shares, figure(Math.max(...measured))],
    ...[figure(cpuShare), figure((requests / elapsed) * 60)],
  ];

  /** Changes that the workload has made. */
  async function done(): Promise<number> {
    const { workload } = (await simulator('GET', '/simulator')) as {
      workload: { done: Record<string, number> };
    };
    return Object.values(workload.done).reduce((a, b) => a + b, 0);
  }

  /** Without the changes that are made here. */
  async function requestsOfApp(): Promise<ReadonlyMap<string, number>> {
    return new Map([...(await requestCounts(bench))].filter(([route]) => !route.startsWith('PATCH')));
  }
}
