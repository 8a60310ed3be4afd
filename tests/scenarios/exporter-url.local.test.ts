import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ledgerView } from '../../local/demonstration/ledger-view.ts';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, startPlatform } from '../../local/platform/start-platform.ts';
import { userToken } from './callers.ts';
import { findingsTold } from './findings-told.ts';
import { organizationRows } from './organization-rows.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform } from './running-platform.ts';

const soon = { timeout: 90_000, interval: 300 };

// An exporter as the old service was: it writes failures down, and nobody reads them.
const exporting = runningPlatform({ 'AzureWebJobs.timer-ingest-failures.Disabled': 'true' });

/** An app beside the exporter, with a storage of its own, until the test ends. */
async function watchingPlatform(environment: Readonly<Record<string, string>>): Promise<Platform> {
  const data = mkdtempSync(join(tmpdir(), 'automation-'));
  let platform: Platform | undefined;
  onTestFinished(async () => {
    await platform?.stop();
    rmSync(data, { recursive: true, force: true });
  });
  platform = await startPlatform({
    portBase: await findFreePortBase(),
    data,
    rows: 0,
    from: 'sources',
    exporterUrl: exporting().addresses.app,
    environment: { VERIFY_TIMEOUT_SECONDS: '8', RETOUCH_FIRST_DELAY_SECONDS: '1', ...environment },
  });
  return platform;
}

const ledgerOf = (platform: Platform) => ledgerView(platform.environment.AzureWebJobsStorage ?? '');

test('an app beside an exporter heals what the exporter gave up, and does nothing else', async () => {
  const watching = await watchingPlatform({
    POLL_STATUS_SCHEDULE: '*/1 * * * * *',
    FINDING_QUIET_SECONDS: '2',
  });
  const { app, entra, dataverse } = watching.addresses;
  expect({ entra, dataverse }).toEqual({
    entra: exporting().addresses.entra,
    dataverse: exporting().addresses.dataverse,
  });
  expect((await fetch(`${app}/health`)).status).toBe(200);
  expect((await fetch(`${app}/crm/exporter/aad/challenge`)).status).toBe(404);

  const profile = await replicatingProfile(exporting(), ['account']);
  await inDatabase(
    exporting(),
    'ALTER TABLE dbo.account ADD CONSTRAINT modest CHECK (revenue < 1e9) NOT VALID',
  );
  const rows = await organizationRows(exporting());
  const [id = ''] = await rows.accountIds(1);
  await rows.changeAccount(id, { revenue: 2e9 });

  const ledger = ledgerOf(watching);
  await expect
    .poll(async () => (await ledger.failures(profile.id)).map(({ recordId }) => recordId), soon)
    .toContain(id);
  const telemetryFile = watching.telemetryFile;
  const findings = () => findingsTold(telemetryFile, 'failures-growing');
  await expect.poll(findings, soon).toEqual(['opened', 'seen']);
  await inDatabase(exporting(), 'ALTER TABLE dbo.account DROP CONSTRAINT modest');
  await expect
    .poll(async () => [...new Set((await ledger.failures(profile.id)).map(({ state }) => state))], soon)
    .toEqual(['healed']);
  const [row] = await inDatabase<{ revenue: string }>(
    exporting(),
    `SELECT revenue FROM dbo.account WHERE "Id" = '${id}'`,
  );
  expect(Number(row?.revenue)).toBe(2e9);
  expect(await ledgerOf(exporting()).failures(profile.id)).toEqual([]);
  await expect.poll(findings, soon).toEqual(['opened', 'seen', 'closed']);

  // Its own routes know the other exporter's profiles, and let in who may use their organization.
  const ask = async (path: string, name: 'admin' | 'reader') => {
    const authorization = `Bearer ${await userToken(entra, name)}`;
    const response = await fetch(`${app}/automation/${path}`, { headers: { authorization } });
    return { status: response.status, body: await response.json() };
  };
  const query = `failures?profileId=${profile.id}`;
  expect(await ask(query, 'admin')).toMatchObject({ status: 200, body: { items: [{ state: 'healed' }] } });
  expect(await ask('failures?state=healed', 'admin')).toMatchObject({ status: 200 });
  expect((await ask(query, 'reader')).status).toBe(403);
});

test('without a resync it writes the row itself, and believes a log that is silent and was read', async () => {
  const watching = await watchingPlatform({ HEAL_BY_RESYNC: 'false' });
  const profile = await replicatingProfile(exporting(), ['account'], 'foreign');
  const rule = 'ALTER TABLE dbo.foreign_account';
  await inDatabase(exporting(), `${rule} ADD CONSTRAINT modest CHECK (revenue < 1e9) NOT VALID`);
  const rows = await organizationRows(exporting());
  const [, id = ''] = await rows.accountIds(2);
  await rows.changeAccount(id, { revenue: 3e9 });
  const ledger = ledgerOf(watching);
  const ofRow = async () => (await ledger.failures(profile.id)).filter(({ recordId }) => recordId === id);
  await expect.poll(async () => (await ofRow()).length, soon).toBeGreaterThan(0);
  await inDatabase(exporting(), `${rule} DROP CONSTRAINT modest`);
  await expect
    .poll(async () => new Set((await ofRow()).map(({ state }) => state)), soon)
    .toEqual(new Set(['healed']));
  const notes = (await ofRow()).flatMap(({ history }) => history.map(({ note }) => note));
  expect(notes).toContain('Did not fail again after it was written again.');
  const [row] = await inDatabase<{ revenue: string }>(
    exporting(),
    `SELECT revenue FROM dbo.foreign_account WHERE "Id" = '${id}'`,
  );
  expect(Number(row?.revenue)).toBe(3e9);
});
