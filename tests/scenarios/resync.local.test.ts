import { expect, test } from 'vitest';
import { organizationId } from '../../local/sign-ins.ts';
import { differencesOf } from './compare-tables.ts';
import { exporterClient } from './exporter-client.ts';
import { failureLines } from './failure-lines.ts';
import { organizationRows } from './organization-rows.ts';
import { inDatabase, profileBody, runningPlatform, simulator } from './running-platform.ts';

// The automation reads no failures here: what heals the rows is the resync alone.
const platform = runningPlatform({ INGEST_FAILURES_SCHEDULE: '0 0 0 1 1 *' });
const soon = { timeout: 90_000, interval: 300 };

test('failed records, records by id and a whole table are exported again, without a write into Dataverse', async () => {
  const exporter = await exporterClient(platform().addresses);
  const rows = await organizationRows(platform());
  const { dataverse, entra, database } = platform().addresses;
  const sides = { dataverse, entra, database, organizationId };
  const { Id } = await exporter.create(profileBody(platform(), ['account', 'contact']));
  await exporter.activate(Id);
  const statusOf = async (table = 'account') =>
    (await exporter.get(Id)).Entities.find(({ Type }) => Type === table)?.Status;
  for (const table of ['account', 'contact'])
    await expect.poll(() => statusOf(table), soon).toMatchObject({ InitialSyncState: 'Completed' });

  const forbid = 'ALTER TABLE dbo.account ADD CONSTRAINT modest CHECK (revenue < 1e9) NOT VALID';
  const allow = 'ALTER TABLE dbo.account DROP CONSTRAINT modest';
  await inDatabase(platform(), forbid);
  const ids = await rows.accountIds(5);
  for (const id of ids) await rows.changeAccount(id, { revenue: 2e9 });
  await expect.poll(() => statusOf(), soon).toMatchObject({ FailureNotifications: 5 });
  const written = async () =>
    (await simulator<{ requests: Record<string, number> }>(platform(), 'GET')).requests['PATCH accounts()'];
  const writes = await written();

  // While the cause is there, they are tried as the profile says, and told in the log of resyncs.
  const ofAccount = (RecordCount: number) => [{ Type: 'account', RecordCount }];
  expect((await exporter.resync(Id)).Entities).toEqual(ofAccount(5));
  const { FailureBlobUri } = await exporter.failures(Id);
  const toldAgain = () => failureLines(FailureBlobUri, 'forcerefreshfailurelog');
  await expect.poll(async () => (await toldAgain()).length, soon).toBe(5);
  for (const id of ids) expect((await toldAgain()).join()).toContain(`RecordId: ${id}, `);
  expect(await failureLines(FailureBlobUri)).toHaveLength(5);
  await expect.poll(() => statusOf(), soon).toMatchObject({ FailureNotifications: 5 });

  await inDatabase(platform(), allow);
  const [first = '', ...others] = ids;
  const byId = { Scope: 'Records', Entity: 'account', RecordIds: [first] };
  expect((await exporter.resync(Id, byId)).Entities).toEqual(ofAccount(1));
  await expect.poll(() => statusOf(), soon).toMatchObject({ FailureNotifications: 4 });
  const differingIds = async () => {
    const differences = (await differencesOf('account', sides)).join();
    return ids.filter((id) => differences.includes(id));
  };
  await expect.poll(differingIds, soon).toEqual(others);
  expect((await exporter.resync(Id)).Entities).toEqual(ofAccount(others.length));
  await expect.poll(() => differencesOf('account', sides), soon).toEqual([]);
  await expect.poll(() => statusOf(), soon).toMatchObject({ FailureNotifications: 0 });
  expect((await exporter.resync(Id)).Entities).toEqual([]);

  // Somebody has spoiled the copy, at the same versions, and put a row into it that was never anywhere else.
  await inDatabase(
    platform(),
    `UPDATE dbo.contact SET lastname = 'spoiled';
     INSERT INTO dbo.contact ("Id", "SinkModifiedOn", versionnumber) VALUES ('ffffffff-0000-4000-8000-000000000001', '2026-01-01', 1)`,
  );
  const table = { Scope: 'Entity', Entity: 'contact' };
  expect((await exporter.resync(Id, table)).Entities).toEqual([{ Type: 'contact', RecordCount: 0 }]);
  await expect.poll(() => differencesOf('contact', sides), soon).toEqual([]);
  await expect.poll(() => statusOf('contact'), soon).toMatchObject({ InitialSyncState: 'Completed' });
  expect(await written()).toBe(writes);
});
