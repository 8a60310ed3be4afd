import { setTimeout as sleep } from 'node:timers/promises';
import { odata, TableClient } from '@azure/data-tables';
import { Pool } from 'pg';
import { percentile } from '../local/demonstration/percentile.ts';
import { dropRuleStatement } from '../local/demonstration/reporting-database.ts';
import type { Stage } from '../local/demonstration/stage.ts';
import { failureLog } from '../shared/adapters/storage/failure-log.ts';
import { storageAccount } from '../shared/adapters/storage/storage-account.ts';
import { figure, printFigures } from './print-figures.ts';
import {
  type Bench,
  createProfile,
  loadProfile,
  makeRows,
  presets,
  requestCounts,
  sumOf,
  withBench,
} from './replication.ts';

const failing = Number(process.argv[2] ?? 100_000);
const singles = Number(process.argv[3] ?? 10);
const stopping = AbortSignal.timeout(3_600_000);

/** Who heals does nothing by hand; how long idle tables wait is not what is measured here. */
const environment = { DELTA_MAX_INTERVAL_SECONDS: presets.DELTA_INTERVAL_SECONDS ?? '' };

async function until(isSo: () => Promise<boolean>, everyMilliseconds: number): Promise<void> {
  while (!(await isSo())) await sleep(everyMilliseconds, undefined, { signal: stopping });
}

/** Requests to the simulated organization, by those that read and those that write. */
async function requestsOf(bench: Bench): Promise<{ reads: number; writes: number }> {
  const requests = await requestCounts(bench);
  const isWrite = ([route]: readonly [string, number]) => route.startsWith('PATCH');
  const writes = sumOf(new Map([...requests].filter(isWrite)));
  return { reads: sumOf(requests) - writes, writes };
}

/** Open failures in the ledger, counted by their keys. */
function openFailures({ platform }: Stage, profileId: string) {
  const table = TableClient.fromConnectionString(platform.environment.AzureWebJobsStorage ?? '', 'Failures', {
    allowInsecureConnection: true,
  });
  const filter = odata`PartitionKey eq ${profileId} and RowKey ge '|open|' and RowKey lt '|open}'`;
  return async (): Promise<number> => {
    let count = 0;
    try {
      for await (const _ of table.listEntities({ queryOptions: { filter, select: ['RowKey'] } })) count += 1;
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    }
    return count;
  };
}

/** An active profile of accounts that does not retry, with all rows loaded. */
async function activeProfile(bench: Bench): Promise<string> {
  const retryPolicy = { RetryPolicy: { MaxRetryCount: 0, IntervalInSeconds: 0, Backoff: 'Simple' } };
  const id = await createProfile(bench, ['account'], retryPolicy);
  await loadProfile(bench, id);
  return id;
}

const secondsSince = (start: number) => (performance.now() - start) / 1000;

const begunAt = performance.now();
const progress = (text: string) =>
  console.error(`${secondsSince(begunAt).toFixed(0).padStart(6)} s  ${text}`);

/** One failure each, cured at an uneven time; seconds from the cure to the ledger's word. */
async function timeSingles(stage: Stage, profileId: string): Promise<readonly number[]> {
  const accounts = await stage.organization.accounts(singles);
  const rule = (index: number) => `single_${index}`;
  for (const [index, { id }] of accounts.entries()) {
    const check = `"Id" <> '${id}' OR revenue < 1e9`;
    await stage.database.execute(stage.database.ruleStatement(rule(index), check));
    await stage.organization.changeAccount(id, { revenue: 2e9 });
  }
  const waiting = async () =>
    (await stage.ledger.failures(profileId)).filter(({ state }) => state === 'waiting').length;
  progress(`${accounts.length} rows are refused`);
  await until(async () => (await waiting()) === accounts.length, 1000);
  progress('the ledger has them; each is cured within a minute');
  const healedAfter = accounts.map(async ({ id }, index) => {
    await sleep(Math.random() * 60_000);
    await stage.database.execute(dropRuleStatement(rule(index)));
    const curedAt = performance.now();
    await until(async () => {
      const ofRow = (await stage.ledger.failures(profileId)).filter(({ recordId }) => recordId === id);
      return ofRow.length > 0 && ofRow.every(({ state }) => state === 'healed');
    }, 250);
    return secondsSince(curedAt);
  });
  return await Promise.all(healedAfter);
}

/** Keys of the accounts that are in the destination, but for a tenth of them, which are taken out of it. */
async function takeOut(stage: Stage): Promise<readonly string[]> {
  const pool = new Pool({ connectionString: stage.platform.addresses.database, max: 1 });
  const { rows } = await pool.query<{ id: string }>(
    'DELETE FROM dbo.account WHERE hashtext("Id"::text) % 10 <> 0 RETURNING "Id"::text AS id',
  );
  await pool.end();
  return rows.map(({ id }) => id);
}

/** The failure log as an exporter leaves it that has given these rows up. */
async function logFailures({ platform }: Stage, profileId: string, ids: readonly string[]): Promise<void> {
  const log = failureLog(
    storageAccount(
      { connectionString: platform.environment.AzureWebJobsStorage ?? '' },
      { info() {}, warn() {}, error() {} },
    ),
  );
  const notificationTime = new Date().toISOString();
  const reason = 'Cannot write the row: constraint "tenth" refused it (23514).';
  const entries = ids.map((recordId) => ({
    ...{ entity: 'account', recordId, notificationTime, changeType: 'Update', reason },
  }));
  for (let at = 0; at < entries.length; at += 10_000)
    await log.append(profileId, 'failurelog', entries.slice(at, at + 10_000), new Date());
}

/**
 * Many failures of one cause: seconds until the ledger has all, from the cure to their arrival, and to the ledger's word. The
 * exporter's own refusals are not measured here, so the rows are taken out of the destination and written into its log.
 */
async function timeMany(stage: Bench, profileId: string) {
  const { database } = stage;
  const ids = await takeOut(stage);
  const total = ids.length + (await database.countRows('account'));
  await database.execute(database.ruleStatement('tenth', 'hashtext("Id"::text) % 10 = 0'));
  progress(`${ids.length} rows of ${total} were taken out and told to have failed`);
  const startedAt = performance.now();
  await logFailures(stage, profileId, ids);
  const open = openFailures(stage, profileId);
  await until(async () => (await open()) >= ids.length, 30_000);
  const knownAfter = secondsSince(startedAt);
  progress('the ledger has them; now they are cured');
  const before = await requestsOf(stage);
  await database.execute(dropRuleStatement('tenth'));
  const curedAt = performance.now();
  await until(async () => (await database.countRows('account')) === total, 1000);
  const arrivedAfter = secondsSince(curedAt);
  progress('all have arrived');
  await until(async () => (await open()) === 0, 15_000);
  const healedAfter = secondsSince(curedAt);
  const after = await requestsOf(stage);
  const requests = { reads: after.reads - before.reads, writes: after.writes - before.writes };
  return { failed: ids.length, knownAfter, arrivedAfter, healedAfter, requests };
}

await withBench({ minutes: 60, rows: 2000, environment, isStorageInMemory: true }, async (stage) => {
  await makeRows(stage, 'account', Math.round((failing * 10) / 9));
  const profileId = await activeProfile(stage);
  progress('the rows are loaded');
  const seconds = await timeSingles(stage, profileId);
  progress('all of them are healed');
  const many = await timeMany(stage, profileId);
  printFigures(
    `From cure to healed, the presets of a real environment, one instance, ${many.failed.toLocaleString('en')} failures with one cause`,
    ['', 'figure'],
    [
      [`one failure (${seconds.length} of them), p50`, `${figure(percentile(seconds, 0.5))} s`],
      ['one failure, p95', `${figure(percentile(seconds, 0.95))} s`],
      ['many: from the log to the ledger having all', `${figure(many.knownAfter)} s`],
      ['many: from cure to all rows in the destination', `${figure(many.arrivedAfter)} s`],
      ['many: from cure to all healed in the ledger', `${figure(many.healedAfter)} s`],
      ['requests to Dataverse from cure to healed, reads', figure(many.requests.reads)],
      ['writes', String(many.requests.writes)],
    ],
  );
});
process.exit(0);
