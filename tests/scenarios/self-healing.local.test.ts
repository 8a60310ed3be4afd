import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ledgerView } from '../../local/demonstration/ledger-view.ts';
import { organizationId } from '../../local/sign-ins.ts';
import type { Failure } from '../../shared/model/failure.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';
import { failureLines } from './failure-lines.ts';
import { findingsTold } from './findings-told.ts';
import { organizationRows } from './organization-rows.ts';
import { inDatabase, profileBody, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({
  INGEST_FAILURES_SCHEDULE: '*/2 * * * * *',
  // As around an exporter that cannot read rows again by itself.
  HEAL_BY_RESYNC: 'false',
  RETOUCH_FIRST_DELAY_SECONDS: '2',
  RETOUCH_MAX_DELAY_SECONDS: '4',
  POLL_STATUS_SCHEDULE: '*/2 * * * * *',
  FINDING_QUIET_SECONDS: '2',
});
const refused = 6;
const soon = { timeout: 90_000, interval: 300 };

/** How often the app wrote accounts, the test's own writes not counted. */
async function probes(ownWrites: number): Promise<number> {
  const { requests } = await simulator<{ requests: Record<string, number> }>(platform(), 'GET');
  return (requests['PATCH accounts()'] ?? 0) - ownWrites;
}

/** The outcomes of re-touches, as telemetry tells them. */
function outcomes(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(platform().telemetryFile, 'utf8').split('\n')) {
    if (!line.includes('automation.row.retouched')) continue;
    const [, outcome = ''] = /"outcome":"([a-z]+)"/.exec(line) ?? [];
    const [, rows = '0'] = /"rows":(\d+)/.exec(line) ?? [];
    counts.set(outcome, (counts.get(outcome) ?? 0) + Number(rows));
  }
  return counts;
}

/** What telemetry was told of the health of the table, without repetitions. */
const findings = () => findingsTold(platform().telemetryFile, 'failures-growing');

test('rows that a constraint refuses are retried, logged, probed one at a time, and healed when it is gone', async () => {
  const exporter = await exporterClient(platform().addresses);
  const rows = await organizationRows(platform());
  const ledger = ledgerView(platform().environment.AzureWebJobsStorage ?? '');
  const { Id } = await exporter.create(profileBody(platform(), ['account']));
  await exporter.activate(Id);
  const statusOf = async () => (await exporter.get(Id)).Entities[0]?.Status;
  await expect.poll(statusOf, soon).toMatchObject({ InitialSyncState: 'Completed' });

  await inDatabase(
    platform(),
    'ALTER TABLE dbo.account ADD CONSTRAINT modest CHECK (revenue < 1e9) NOT VALID',
  );
  const [bystander = '', ...ids] = await rows.accountIds(refused + 1);
  for (const id of ids) await rows.changeAccount(id, { revenue: 2e9 });
  await rows.changeAccount(bystander, { name: 'Not held back' });
  let ownWrites = refused + 1;

  // One try and one retry each, then given up; a row that is fine passes them.
  await expect.poll(statusOf, soon).toMatchObject({ FailureNotifications: refused });
  const [arrived] = await inDatabase<{ name: string }>(
    platform(),
    `SELECT name FROM dbo.account WHERE "Id" = '${bystander}'`,
  );
  expect(arrived).toEqual({ name: 'Not held back' });
  const { FailureBlobUri } = await exporter.failures(Id);
  const lines = await failureLines(FailureBlobUri);
  for (const id of ids) {
    const time = '\\d{1,2}/\\d{1,2}/\\d{4} \\d{1,2}:\\d{2}:\\d{2} [AP]M';
    const line = `^Entity: account, RecordId: ${id}, NotificationTime: ${time}, ChangeType: Update, FailureReason: Cannot write row "${id}" of table "account": constraint "modest" refused it \\(23514\\)\\. Remove the constraint or trigger from the reporting table\\.$`;
    expect(lines.filter((one) => one.includes(id))[0]).toMatch(new RegExp(line));
  }

  const byRow = async () => Map.groupBy(await ledger.failures(Id), ({ recordId }) => recordId ?? 'N/A');
  await expect.poll(async () => [...(await byRow()).keys()].sort(), soon).toEqual([...ids].sort());
  for (const failure of [...(await byRow()).values()].flat())
    expect(failure).toMatchObject({
      entity: 'account',
      cause: 'constraint',
      changeType: 'Update',
      organizationId,
    });

  // As long as the cause is there, one row at a time is written, and nothing heals.
  const attempts = (failures: ReadonlyMap<string, readonly Failure[]>) =>
    [...failures.values()].reduce((sum, ofRow) => sum + Math.max(...ofRow.map((one) => one.attempts)), 0);
  const inFlight = (failures: ReadonlyMap<string, readonly Failure[]>) =>
    [...failures].filter(([, ofRow]) => ofRow.some(({ state }) => state === 'retouching'));
  await expect
    .poll(async () => {
      const failures = await byRow();
      expect(inFlight(failures).length).toBeLessThanOrEqual(1);
      expect([...failures.values()].flat().filter(({ state }) => state === 'healed')).toEqual([]);
      return attempts(failures);
    }, soon)
    .toBeGreaterThanOrEqual(2);
  await expect.poll(findings, soon).toEqual(['opened', 'seen']);
  const written = await probes(ownWrites);
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThanOrEqual(attempts(await byRow()));

  // One row is deleted meanwhile, and one is changed between the app's reading and its writing.
  await simulator(platform(), 'POST', '/faults', {
    route: 'accounts(',
    method: 'PATCH',
    kind: 'slow',
    milliseconds: 4000,
  });
  const plannedFaults = async () => (await simulator<{ faults: unknown[] }>(platform(), 'GET')).faults;
  await expect.poll(plannedFaults, soon).toEqual([]);
  const [[probe = ''] = []] = inFlight(await byRow());
  await inDatabase(platform(), 'ALTER TABLE dbo.account DROP CONSTRAINT modest');
  await rows.changeAccount(probe, { revenue: 5 });
  ownWrites += 1;
  const deleted = ids.find((id) => id !== probe) ?? '';
  await rows.deleteAccount(deleted);

  const settled = async () =>
    [...(await byRow())].map(([id, ofRow]) => [id, [...new Set(ofRow.map(({ state }) => state))].join()]);
  const expected = ids.map((id) => [id, id === deleted ? 'gone' : 'healed']);
  await expect.poll(async () => (await settled()).sort(), soon).toEqual(expected.sort());
  expect(outcomes().get('changed')).toBe(1);
  expect(outcomes().get('gone')).toBe(1);
  // The released rows are written once each: neither the deleted nor the changed one, nor any twice.
  expect(await probes(ownWrites)).toBe((outcomes().get('written') ?? 0) + 1);

  const { dataverse, entra, database } = platform().addresses;
  const sides = { dataverse, entra, database, organizationId };
  await expect.poll(() => differencesOf('account', sides), soon).toEqual([]);
  await expect.poll(findings, soon).toEqual(['opened', 'seen', 'closed']);
});
