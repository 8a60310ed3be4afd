import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { findingsTold } from './findings-told.ts';
import { organizationRows } from './organization-rows.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

// Tables are compared again and again; whoever looks sees what is found.
const platform = runningPlatform({
  ...{ PAGE_SIZE: '100', POLL_STATUS_SCHEDULE: '*/2 * * * * *', FINDING_QUIET_SECONDS: '5' },
  ...{ RECONCILE_SCHEDULE: '* * * * * *', RECONCILE_ROWS: '1000' },
  ...{ RECONCILE_INTERVAL_SECONDS: '5', RECONCILE_DOUBT_SECONDS: '8' },
});
const patience = { timeout: 120_000, interval: 500 };
let profile: Awaited<ReturnType<typeof replicatingProfile>>;

beforeAll(async () => {
  profile = await replicatingProfile(platform(), ['account', 'accountleads']);
}, 120_000);

const told = () => findingsTold(platform().telemetryFile, 'rows-drift');

test('rows that somebody deletes, spoils and adds in the reporting table are named, and as in Dataverse again', async () => {
  await profile.startChanges();
  const tampered = await inDatabase<{ Id: string }>(
    platform(),
    `WITH chosen AS (SELECT "Id", row_number() OVER (ORDER BY "Id") AS n FROM dbo.account ORDER BY "Id" LIMIT 30),
       deleted AS (DELETE FROM dbo.account a USING chosen s WHERE a."Id" = s."Id" AND n <= 20 RETURNING a."Id"),
       spoiled AS (UPDATE dbo.account a SET name = 'spoiled', versionnumber = 1 FROM chosen s
         WHERE a."Id" = s."Id" AND n > 20 RETURNING a."Id"),
       added AS (INSERT INTO dbo.account ("Id", name, versionnumber)
         SELECT gen_random_uuid(), 'made up', 1 FROM generate_series(1, 3) RETURNING "Id")
     SELECT "Id" FROM deleted UNION ALL SELECT "Id" FROM spoiled UNION ALL SELECT "Id" FROM added`,
  );
  expect(tampered).toHaveLength(33);
  await expect.poll(told, patience).toContain('opened');
  await profile.expectEqualSides();
  await expect.poll(() => told().at(-1), patience).toBe('closed');
  // A table of a relationship is compared, too.
  expect(readFileSync(platform().telemetryFile, 'utf8')).toMatch(/sync\.table\.compared.*accountleads/);
});

test('changes that can be read and are not told yet are no drift', async () => {
  const before = told().length;
  await simulator(platform(), 'PATCH', '/switches', { untoldChanges: 60 });
  await profile.startChanges();
  const comparisons = () =>
    readFileSync(platform().telemetryFile, 'utf8').split('sync.table.compared').length;
  const first = comparisons();
  await expect.poll(comparisons, patience).toBeGreaterThan(first + 10);
  expect(told()).toHaveLength(before);
  await simulator(platform(), 'PATCH', '/switches', { untoldChanges: 0 });
  await profile.expectEqualSides();
});

test('a delta token that expires while the app is down is a reload, which deletes what is gone', async () => {
  const rows = await organizationRows(platform());
  const [changed = '', ...gone] = await rows.accountIds(6);
  platform().kill('app', 'SIGKILL');
  await rows.changeAccount(changed, { name: 'Meanwhile' });
  for (const id of gone) await rows.deleteAccount(id);
  await rows.setTokenDays(0);
  await platform().restart('app');
  const epoch = async () => {
    const found = await inDatabase<{ Epoch: string }>(
      platform(),
      `SELECT "Epoch" FROM dbo."ReplicationCheckpoint" WHERE "TableName" = 'account'`,
    );
    return Number(found[0]?.Epoch);
  };
  await expect.poll(epoch, patience).toBeGreaterThan(1);
  await rows.setTokenDays(7);
  await profile.expectEqualSides();
  const logged = await inDatabase<{ RecordId: string }>(
    platform(),
    `SELECT "RecordId" FROM dbo."DeleteLog" WHERE "RecordId" = ANY('{${gone.join()}}'::text[])`,
  );
  // One that the changes before had deleted and made again is logged twice.
  expect([...new Set(logged.map(({ RecordId }) => RecordId))].sort()).toEqual([...gone].sort());
});
