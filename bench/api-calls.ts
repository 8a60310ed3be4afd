import { adminToken } from '../local/demonstration/admin-token.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import type { Platform } from '../local/platform/start-platform.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { apiApplicationUri, organizationId } from '../local/sign-ins.ts';
import { storageConnectionString } from '../local/storage/start-storage.ts';
import { type ApiCaller, apiCaller, type Call, newDescription } from './api-caller.ts';
import { buildApp, buildEmptyApp } from './bundles.ts';
import { connectionCounter, countingProxy } from './counting-proxy.ts';
import { inParallel } from './in-parallel.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { fillProfiles } from './sample-profiles.ts';
import { onlyHttp, startApp } from './start-app.ts';

const callers = 50;
const callsARound = 1000;
const rounds = Number(process.argv[2] ?? 5);
const callsCounted = 100;
const size = { profiles: 100, tables: 20, hasStates: true };

type Measured = { readonly calls: readonly Call[]; readonly cpuSeconds: number };

const signal = AbortSignal.timeout(1_200_000);

await withTemporaryPlatform({ rows: 100, environment: onlyHttp, signal }, async (platform, folder) => {
  const { addresses } = platform;
  const token = adminToken(addresses.entra, apiApplicationUri, { signal });
  const { profiles, ids } = await fillProfiles(platform.environment.AzureWebJobsStorage ?? '', size);
  const [bundle, emptyBundle] = [await buildApp(folder), await buildEmptyApp(folder)];
  const app = await startApp('measured', bundle, platform, folder);
  const empty = await startApp('empty', emptyBundle, platform, folder);
  const counted = await startCounted(platform, bundle, folder);

  const anyId = () => ids[Math.floor(Math.random() * ids.length)];
  const kinds = (secret: string) => ({
    'a bare function': (call: ApiCaller) => call('GET', '/empty'),
    list: (call: ApiCaller) => call('GET', `/crm/exporter/profiles?organizationId=${organizationId}`),
    'get with status': (call: ApiCaller) => call('GET', `/crm/exporter/profiles/${anyId()}?status=true`),
    create: (call: ApiCaller) =>
      call('POST', '/crm/exporter/profiles', newDescription(secret, ['account', 'contact'])),
  });
  const removeMade = async (calls: readonly Call[]) => {
    const made = calls.filter(({ status }) => status === 200).map(({ body }) => JSON.parse(`${body}`).Id);
    await inParallel(made, 8, (id) => profiles.remove(id));
  };

  const secret = `${addresses.keyvault}/secrets/reporting`;
  const measured = new Map<string, Measured>();
  const [toApp, toEmpty] = [apiCaller(app.url, token), apiCaller(empty.url, token)];
  // In turn, so that all see the machine in the same states; the first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1)
    for (const [name, act] of Object.entries(kinds(secret))) {
      const [caller, { pid }] = name === 'a bare function' ? [toEmpty, empty] : [toApp, app];
      const cpuBefore = cpuSecondsOf(pid);
      const calls = await callMany(callers, callsARound, () => act(caller));
      const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
      if (name === 'create') await removeMade(calls);
      const earlier = measured.get(name) ?? { calls: [], cpuSeconds: 0 };
      if (round > 0)
        measured.set(name, {
          calls: [...earlier.calls, ...calls],
          cpuSeconds: earlier.cpuSeconds + cpuSeconds,
        });
    }
  printTimes(measured);

  const requests: string[][] = [];
  for (const [name, act] of Object.entries(kinds(counted.secret)).slice(1)) {
    // The first calls also fetch tokens and keys, and learn the organization and the caller's roles.
    const first = await callMany(callers, callers, () => act(counted.call));
    if (name === 'create') await removeMade(first);
    for (const width of [1, callers]) {
      const before = await counted.counts();
      const calls = await callMany(width, callsCounted, () => act(counted.call));
      const after = await counted.counts();
      if (name === 'create') await removeMade(calls);
      requests.push([
        name,
        `${width}`,
        ...after.map((count, index) => figure((count - (before[index] ?? 0)) / callsCounted)),
      ]);
    }
  }
  printFigures(
    `Requests made per call, mean of ${callsCounted} calls`,
    ['', 'callers at once', 'storage', 'Dataverse', 'vault (connections)'],
    requests,
  );
  for (const program of [app, empty, counted.program]) program.kill('SIGKILL');
});
process.exit(0);

/** The app behind proxies that count. It is not the one that is timed, which they would slow down. */
async function startCounted(platform: Platform, bundle: string, folder: string) {
  const { addresses } = platform;
  const storages = await Promise.all(
    [addresses.blob, addresses.queue, addresses.table].map((origin) => countingProxy(origin)),
  );
  const vault = await connectionCounter(Number(new URL(addresses.keyvault).port));
  const program = await startApp('counted', bundle, platform, folder, {
    KEY_VAULT_HOSTS: `localhost:${vault.port}`,
    AzureWebJobsStorage: storageConnectionString(
      storages.map(({ port }) => `http://127.0.0.1:${port}`).join(','),
    ),
  });
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    program,
    secret: `https://localhost:${vault.port}/secrets/reporting`,
    call: apiCaller(program.url, adminToken(addresses.entra, apiApplicationUri, { signal })),
    async counts(): Promise<readonly number[]> {
      const answer = await fetch(`${addresses.dataverse}/simulator`);
      const { requests } = (await answer.json()) as { requests: Record<string, number> };
      return [sum(storages.map((one) => one.count())), sum(Object.values(requests)), vault.count()];
    },
  };
}

/** So many calls by so many callers, each of whom calls again as soon as it is answered. */
async function callMany(width: number, count: number, act: () => Promise<Call>): Promise<Call[]> {
  const calls: Call[] = [];
  await inParallel(Array(count).keys(), width, async () => {
    calls.push(await act());
  });
  return calls;
}

function printTimes(measured: ReadonlyMap<string, Measured>): void {
  const rows = [...measured].map(([name, { calls, cpuSeconds }]) => {
    const times = calls.map(({ milliseconds }) => milliseconds);
    const errors = calls.filter(({ status }) => status !== 200).length;
    const figures = [percentile(times, 0.5), percentile(times, 0.99), (1000 * cpuSeconds) / calls.length];
    return { name, errors, figures };
  });
  const bare = rows[0]?.figures ?? [];
  printFigures(
    `Calls at ${callers} concurrent callers, ${rounds * callsARound} of each; ${size.profiles} profiles of ${size.tables} tables; milliseconds, and how many times those of the bare function`,
    ['', 'p50', 'p99', "app's CPU a call", 'errors', 'p50', 'p99', 'CPU'],
    rows.map(({ name, errors, figures }) => [
      ...[name, ...figures.map(figure), `${errors}`],
      ...figures.map((one, index) => figure(one / (bare[index] ?? 1))),
    ]),
  );
}
