import { setTimeout as sleep } from 'node:timers/promises';
import { busyTables } from '../local/demonstration/follow-live-changes.ts';
import { markedChanges } from '../local/demonstration/marked-changes.ts';
import { narrator } from '../local/demonstration/narrator.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import { setUpProfile } from '../local/demonstration/set-up-profile.ts';
import { showOrganization } from '../local/demonstration/show-organization.ts';
import { openStage } from '../local/demonstration/stage.ts';
import { watchInitialSync } from '../local/demonstration/watch-initial-sync.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf } from './process-usage.ts';

const workloadPerSecond = 16;
const timedPerSecond = 4;
const seconds = Number(process.argv[2] ?? 60);

const stopping = AbortSignal.timeout((seconds + 240) * 1000);

await withTemporaryPlatform({ rows: 20_000, signal: stopping }, async (platform) => {
  const stage = openStage(platform, narrator(), stopping);
  const expectedRows = await showOrganization(stage);
  const { profile } = await setUpProfile(stage);
  await watchInitialSync(stage, profile.Id, expectedRows, new Date());
  const changes = markedChanges(stage, await stage.organization.accounts(500));
  await stage.organization.startWorkload(workloadPerSecond, busyTables);
  // The first seconds after the load are not what is asked for.
  await sleep(5000);
  const cpuBefore = cpuSecondsOf(platform.pid('app'));
  const lags: Promise<number>[] = [];
  for (let made = 0; made < seconds * timedPerSecond; made += 1) {
    const lag = changes.next().then(({ lagSeconds }) => lagSeconds);
    lag.catch(() => {});
    lags.push(lag);
    // Uneven, so that the changes do not keep step with the app's own rhythm.
    await sleep((Math.random() * 2000) / timedPerSecond);
  }
  const measured = await Promise.all(lags);
  const cpuShare = (cpuSecondsOf(platform.pid('app')) - cpuBefore) / seconds;
  await stage.database.close();
  printFigures(
    `From change to row: ${workloadPerSecond + timedPerSecond} changes a second in ${busyTables.length + 1} tables, ${measured.length} of them timed, the demonstration's settings, no webhook`,
    ['', 'seconds'],
    [
      ['p50', figure(percentile(measured, 0.5))],
      ['p95', figure(percentile(measured, 0.95))],
      ['most', figure(Math.max(...measured))],
      ["app's CPU seconds a second", figure(cpuShare)],
    ],
  );
});
process.exit(0);
