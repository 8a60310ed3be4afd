import { adminToken } from '../local/demonstration/admin-token.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import type { Program } from '../local/platform/start-program.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { apiApplicationUri, organizationId } from '../local/sign-ins.ts';
import { startStorage } from '../local/storage/start-storage.ts';
import { type ApiCaller, apiCaller, newDescription } from './api-caller.ts';
import { buildApp } from './bundles.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf, memoryOf } from './process-usage.ts';
import { fillProfiles, type SampleSize } from './sample-profiles.ts';
import { onlyHttp, startApp } from './start-app.ts';

const repetitions = Number(process.argv[2] ?? 10);
const starts = 3;
const sizes: readonly SampleSize[] = [
  { profiles: 100, tables: 20, hasStates: true },
  { profiles: 5000, tables: 300, hasStates: false },
];
const listPath = `/crm/exporter/profiles?organizationId=${organizationId}`;

const signal = AbortSignal.timeout(1_200_000);

await withTemporaryPlatform({ rows: 100, environment: onlyHttp, signal }, async (platform, folder) => {
  const { addresses } = platform;
  const token = adminToken(addresses.entra, apiApplicationUri, { signal });
  const bundle = await buildApp(folder);
  const secret = `${addresses.keyvault}/secrets/reporting`;

  for (const size of sizes) {
    // In memory: the platform's own storage saves all that it has four times a second.
    const storage = await startStorage();
    const { ids } = await fillProfiles(storage.connectionString, size);
    const times = new Map<string, number[]>();
    const sizesOfAnswer = new Map<string, number>();
    const memory: number[] = [];
    const cpuTimes = new Map<string, number[]>();
    const time = async (what: string, { pid }: Program, act: () => ReturnType<ApiCaller>) => {
      const cpuBefore = cpuSecondsOf(pid);
      const { status, milliseconds, body } = await act();
      cpuTimes.set(what, [...(cpuTimes.get(what) ?? []), 1000 * (cpuSecondsOf(pid) - cpuBefore)]);
      if (status !== 200) throw new Error(`Cannot measure ${what}: it answered ${status}.`);
      times.set(what, [...(times.get(what) ?? []), milliseconds]);
      sizesOfAnswer.set(what, body.length / 2 ** 20);
    };
    for (let start = 0; start < starts; start += 1) {
      const app = await startApp(`list-${start}`, bundle, platform, folder, {
        AzureWebJobsStorage: storage.connectionString,
      });
      try {
        await measure(app, apiCaller(app.url, token));
      } finally {
        await app.stop();
      }
    }
    await storage.close();

    async function measure(app: Program, call: ApiCaller): Promise<void> {
      // Sign-in, keys, connections and the caller's roles are not what is asked for.
      await call('GET', `/crm/exporter/profiles/${ids[0]}`);
      await time('first list of an instance', app, () => call('GET', listPath));
      for (let repetition = 0; repetition < repetitions; repetition += 1) {
        await time('list', app, () => call('GET', listPath));
        await time('create', app, () =>
          call('POST', '/crm/exporter/profiles', newDescription(secret, ['account'])),
        );
        await time('list after it', app, () => call('GET', listPath));
        if (size.hasStates) await time('list with status', app, () => call('GET', `${listPath}&status=true`));
      }
      memory.push(memoryOf(app.pid).peak);
    }

    printFigures(
      `Profiles of one organization: ${size.profiles} of ${size.tables} tables; one caller, ${starts} starts of ${repetitions} calls; most memory of the app ${figure(Math.max(...memory))} MB`,
      ['', 'least ms', 'p50 ms', 'most ms', "app's CPU ms, p50", 'answer MB'],
      [...times].map(([what, each]) => [
        what,
        ...[Math.min(...each), percentile(each, 0.5), Math.max(...each)].map(figure),
        figure(percentile(cpuTimes.get(what) ?? [], 0.5)),
        figure(sizesOfAnswer.get(what) ?? 0),
      ]),
    );
  }
});
process.exit(0);
