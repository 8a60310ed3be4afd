import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { narrator } from '../local/demonstration/narrator.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import { openStage } from '../local/demonstration/stage.ts';
import { withTemporaryPlatform } from '../local/platform/temporary-platform.ts';
import { organizationId } from '../local/sign-ins.ts';
import { webhookSecrets } from '../local/tickets/send-webhook.ts';
import { signedHeaders } from '../shared/model/webhook-signature.ts';
import { buildApp, buildEmptyApp } from './bundles.ts';
import { inParallel } from './in-parallel.ts';
import { figure, printFigures } from './print-figures.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { onlyHttp, startApp } from './start-app.ts';

const callers = 50;
const callsARound = 1000;
const rounds = Number(process.argv[2] ?? 5);
let body = '';

interface Call {
  readonly status: number;
  readonly milliseconds: number;
}
type Kind = {
  readonly origin: string;
  readonly pid: number;
  readonly path: string;
  headers(): Record<string, string>;
};
type Measured = { calls: Call[]; seconds: number; cpuSeconds: number };

const agent = new Agent({ keepAlive: true });
const signal = AbortSignal.timeout(1_200_000);

await withTemporaryPlatform({ rows: 100, environment: onlyHttp, signal }, async (platform, folder) => {
  const { exporter } = openStage(platform, narrator(), signal);
  const { Id } = await exporter.create({
    ...{ Name: 'Webhooks', OrganizationId: organizationId, DestinationType: 'PostgreSql' },
    DestinationKeyVaultUri: `${platform.addresses.keyvault}/secrets/reporting`,
    Entities: [{ Type: 'account' }],
  });
  body = JSON.stringify({ ticketId: 'T-1', action: 'retouch', about: `table:${Id}:account` });
  const app = await startApp('measured', await buildApp(folder), platform, folder);
  const empty = await startApp('empty', await buildEmptyApp(folder), platform, folder);
  const sign = (secret: string, deliveryId: string = randomUUID()) => ({
    'content-type': 'application/json',
    ...signedHeaders([secret], { deliveryId, body, now: new Date() }),
  });
  const toApp = { origin: app.url, pid: app.pid, path: '/webhooks/tickets/json' };
  const same = randomUUID();
  const kinds: Record<string, Kind> = {
    'a bare function': { origin: empty.url, pid: empty.pid, path: '/empty', headers: () => ({}) },
    'a wrong signature: 401': { ...toApp, headers: () => sign('another-Secret-1234567890') },
    'a new delivery: 202': { ...toApp, headers: () => sign(webhookSecrets.json) },
    'a delivery again: 202': { ...toApp, headers: () => sign(webhookSecrets.json, same) },
  };

  const measured = new Map<string, Measured>();
  // In turn, so that all see the machine in the same states; the first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1)
    for (const [name, kind] of Object.entries(kinds)) {
      const cpuBefore = cpuSecondsOf(kind.pid);
      const startedAt = performance.now();
      const calls: Call[] = [];
      await inParallel(Array(callsARound).keys(), callers, async () => {
        calls.push(await call(kind));
      });
      if (round === 0) continue;
      const sum = measured.get(name) ?? { calls: [], seconds: 0, cpuSeconds: 0 };
      sum.calls.push(...calls);
      sum.seconds += (performance.now() - startedAt) / 1000;
      sum.cpuSeconds += cpuSecondsOf(kind.pid) - cpuBefore;
      measured.set(name, sum);
    }
  print(measured);
  for (const program of [app, empty]) program.kill('SIGKILL');
});
process.exit(0);

async function call({ origin, path, headers }: Kind): Promise<Call> {
  const method = path === '/empty' ? 'GET' : 'POST';
  const startedAt = performance.now();
  return await new Promise<Call>((resolve, reject) => {
    const sent = request(new URL(path, origin), { agent, method, headers: headers() }, (answer) => {
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, milliseconds: performance.now() - startedAt }),
      );
      answer.resume();
    });
    sent.on('error', reject);
    sent.end(method === 'POST' ? body : undefined);
  });
}

function print(measured: ReadonlyMap<string, Measured>): void {
  const rows = [...measured].map(([name, { calls, seconds, cpuSeconds }]) => {
    const times = calls.map(({ milliseconds }) => milliseconds);
    const expected = Number(/\d{3}$/.exec(name)?.[0] ?? 200);
    return {
      ...{
        name,
        perSecond: calls.length / seconds,
        p50: percentile(times, 0.5),
        p99: percentile(times, 0.99),
      },
      cpu: (1000 * cpuSeconds) / calls.length,
      errors: calls.filter(({ status }) => status !== expected).length,
    };
  });
  const [bare] = rows;
  printFigures(
    `Webhook calls at ${callers} concurrent callers, ${rounds * callsARound} of each; milliseconds, and in proportion to the bare function`,
    ['', 'calls/s', 'p50', 'p99', "app's CPU a call", 'errors', 'calls/s', 'p99', 'CPU'],
    rows.map(({ name, perSecond, p50, p99, cpu, errors }) => [
      ...[name, ...[perSecond, p50, p99, cpu].map(figure), `${errors}`],
      ...[perSecond / (bare?.perSecond ?? 1), p99 / (bare?.p99 ?? 1), cpu / (bare?.cpu ?? 1)].map(figure),
    ]),
  );
}
