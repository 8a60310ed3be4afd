import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { adminToken } from '../local/demonstration/admin-token.ts';
import { jsonClient } from '../local/demonstration/json-client.ts';
import { percentile } from '../local/demonstration/percentile.ts';
import { waitUntil } from '../local/demonstration/wait-until.ts';
import { dataverseWebhookKey } from '../local/keyvault/sample-secrets.ts';
import type { Platform } from '../local/platform/start-platform.ts';
import { organizationId } from '../local/sign-ins.ts';
import { figure, printFigures } from './print-figures.ts';
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

const sizes = (process.argv[2] ?? '10000,1000000').split(',').map(Number);
const rounds = Number(process.argv[3] ?? 20);
const changesARound = 10;

/** Nothing begins a pass but a webhook, and nothing else runs. */
const environment = {
  ...{ DELTA_INTERVAL_SECONDS: '3600', DELTA_MAX_INTERVAL_SECONDS: '3600', NUDGE_GAP_SECONDS: '1' },
  'AzureWebJobs.timer-reconcile.Disabled': 'true',
};

await withBench({ minutes: 30, environment }, async (bench) => {
  const tables = await makeTables(bench, sizes.length, 1);
  for (const [index, table] of tables.entries()) await makeRows(bench, table, (sizes[index] ?? 1) - 1);
  await loadProfile(bench, await createProfile(bench, tables));
  const rows: (readonly string[])[] = [];
  for (const [index, table] of tables.entries())
    rows.push([figure(sizes[index] ?? 0), ...(await measurePasses(bench, table))]);
  printFigures(
    `A delta pass with ${changesARound} changes, ${rounds} passes each`,
    ['rows of the table', 'p50 ms', 'least', 'most', 'requests to Dataverse', 'statements'],
    rows,
  );
});
process.exit(0);

async function measurePasses(bench: Bench, table: string): Promise<readonly string[]> {
  const admin = new Client({ connectionString: bench.platform.addresses.database });
  await admin.connect();
  const { rows } = await admin.query(
    `SELECT "Id"::text AS id FROM dbo.${table} ORDER BY random() LIMIT ${changesARound * (rounds + 2)}`,
  );
  const ids = rows.map(({ id }) => String(id));
  const next = () => ids.splice(0, changesARound);
  // One pass in vain, so that nothing is done for the first time.
  await pass(bench, table, next());
  const milliseconds: number[] = [];
  for (let round = 0; round < rounds; round += 1) milliseconds.push(await pass(bench, table, next()));
  // Statements are counted in the server's log, which costs time: in a pass that is not timed.
  await admin.query(`ALTER DATABASE reporting SET log_statement = 'all'`);
  await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'exporter' AND state = 'idle'`,
  );
  const [log, requestsBefore] = [logOf(bench), await requestCounts(bench)];
  await pass(bench, table, next());
  const requests = [...countedSince(requestsBefore, await requestCounts(bench))];
  await admin.query('ALTER DATABASE reporting RESET log_statement');
  await admin.end();
  const ofApp = new Map(requests.filter(([route]) => !route.startsWith('PATCH')));
  return [
    ...[percentile(milliseconds, 0.5), Math.min(...milliseconds), Math.max(...milliseconds)].map(figure),
    ...[String(sumOf(ofApp)), String(log.statements())],
  ];
}

function logOf({ folder }: Bench) {
  const file = join(folder, 'logs/database.log');
  const { size } = statSync(file);
  return {
    statements: () =>
      readFileSync(file)
        .subarray(size)
        .toString()
        .match(/LOG: {2}(statement|execute [^:]+):/g)?.length ?? 0,
  };
}

/** Changes these rows, nudges the app, and resolves to the milliseconds that its turn of the table tells. */
async function pass(bench: Bench, table: string, ids: readonly string[]): Promise<number> {
  const { platform, signal } = bench;
  const token = adminToken(platform.addresses.entra, platform.addresses.dataverse, { signal });
  const call = jsonClient({ url: platform.addresses.dataverse, token, signal });
  for (const id of ids)
    await call('PATCH', `/api/data/v9.2/${table}s(${id})`, { body: { name: `Changed ${Date.now()}` } });
  const before = passesOf(platform, table).length;
  const answer = await fetch(`${platform.addresses.app}/webhooks/dataverse`, {
    method: 'POST',
    headers: { 'x-dataverse-export-key': dataverseWebhookKey },
    body: JSON.stringify({ OrganizationId: organizationId, PrimaryEntityName: table }),
  });
  if (!answer.ok) throw new Error(`Cannot nudge table "${table}": it answered ${answer.status}.`);
  const event = await waitUntil(`a pass of ${table}`, async () => passesOf(platform, table)[before], {
    seconds: 60,
    signal,
  });
  if (event.writtenRows !== ids.length)
    throw new Error(`A pass of "${table}" wrote ${event.writtenRows} rows; expected ${ids.length}.`);
  // The next nudge is to begin a pass at once.
  await sleep(1500, undefined, { signal });
  return event.milliseconds;
}

interface Pass {
  readonly writtenRows: number;
  readonly milliseconds: number;
}

/** What the app has told of the turns of this table that found something. */
function passesOf({ telemetryFile }: Platform, table: string): readonly Pass[] {
  const lines = readFileSync(telemetryFile, 'utf8').trimEnd().split('\n');
  return lines
    .filter((line) => line.includes('"sync.table.synced"') && line.includes(`"${table}"`))
    .map((line) => (JSON.parse(line) as { measurements: Pass }).measurements);
}
