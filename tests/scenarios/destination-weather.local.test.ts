import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { organizationRows } from './organization-rows.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({ PAGE_SIZE: '100' });
const tables = ['account', 'contact'];
const soon = { timeout: 90_000, interval: 300 };
let profile: Awaited<ReturnType<typeof replicatingProfile>>;

beforeAll(async () => {
  profile = await replicatingProfile(platform(), tables);
});

/** Ends the app's connections, so that what was altered holds for the next ones. */
const disconnect = () =>
  inDatabase(platform(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'exporter'`);

/** One line a table for this incident, however often it was tried, and no line about a row. */
async function expectToldOnce(words: string): Promise<void> {
  const told = async () => {
    const lines = await profile.failureLines();
    expect(lines.filter((line) => !line.includes('RecordId: N/A'))).toEqual([]);
    return tables.map(
      (table) => lines.filter((line) => line.startsWith(`Entity: ${table},`) && line.includes(words)).length,
    );
  };
  await expect.poll(told, soon).toEqual(tables.map(() => 1));
  for (const status of await profile.statuses()) expect(status?.LastExportStatus).toBe('Failure');
}

describe('the destination', () => {
  test('is killed: the status is still told, the log says why, and it goes on', async () => {
    await profile.startChanges();
    platform().kill('database', 'SIGKILL');
    await expectToldOnce('the PostgreSQL server is unreachable or broke the connection');
    await platform().restart('database');
    await profile.expectEqualSides();
    expect((await profile.failureLines()).length).toBe(tables.length);
    for (const status of await profile.statuses()) expect(status?.LastExportStatus).toBe('Success');
  }, 120_000);

  test('refuses logins', async () => {
    await profile.startChanges();
    await inDatabase(platform(), 'ALTER ROLE exporter NOLOGIN');
    await disconnect();
    await expectToldOnce('PostgreSQL refused the login (28000)');
    await inDatabase(platform(), 'ALTER ROLE exporter LOGIN');
    await profile.expectEqualSides();
  }, 90_000);

  test('takes no writes', async () => {
    await profile.startChanges();
    await inDatabase(platform(), 'ALTER DATABASE reporting SET default_transaction_read_only = on');
    await disconnect();
    await expectToldOnce('the database takes no writes at present (25006)');
    await inDatabase(
      platform(),
      'BEGIN READ WRITE; ALTER DATABASE reporting RESET default_transaction_read_only; COMMIT',
    );
    await disconnect();
    await profile.expectEqualSides();
  }, 120_000);

  test('is full: no row is blamed, and it goes on when there is room', async () => {
    await profile.startChanges();
    // The error of a full disk, as PostgreSQL raises it when it cannot extend a file.
    await inDatabase(
      platform(),
      `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
       ${tables.map((table) => `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE OR DELETE ON dbo.${table} FOR EACH STATEMENT EXECUTE FUNCTION no_room();`).join('')}`,
    );
    await expectToldOnce('(53100)');
    await inDatabase(platform(), 'DROP FUNCTION no_room CASCADE');
    await profile.expectEqualSides();
  }, 90_000);

  test('loses a table: it is made and loaded again', async () => {
    await profile.startChanges();
    await inDatabase(platform(), 'DROP TABLE dbo.account');
    await sleep(1000);
    await profile.expectEqualSides();
  }, 90_000);
});

describe('the schema', () => {
  test('a column that grows in Dataverse is widened by the first row that needs it', async () => {
    const rows = await organizationRows(platform());
    const [id = ''] = await rows.accountIds(1);
    await simulator(platform(), 'POST', '/schema', { table: 'account', column: 'name', maxLength: 400 });
    const name = 'n'.repeat(400);
    await rows.changeAccount(id, { name });
    await expect.poll(() => storedIn('name', id), soon).toBe(name);
    await profile.expectEqualSides();
  }, 60_000);

  test('a column that is new is added when the definition is read again, at the latest by the next start', async () => {
    const rows = await organizationRows(platform());
    const [id = ''] = await rows.accountIds(1);
    const addColumn = 'new_motto string length=100; Motto';
    await simulator(platform(), 'POST', '/schema', { table: 'account', addColumn });
    platform().kill('app', 'SIGKILL');
    await platform().restart('app');
    await rows.changeAccount(id, { new_motto: 'Onwards' });
    await expect.poll(() => storedIn('new_motto', id).catch(() => undefined), soon).toBe('Onwards');
    await profile.expectEqualSides();
  }, 60_000);
});

async function storedIn(column: string, id: string): Promise<unknown> {
  const [row] = await inDatabase<{ value: unknown }>(
    platform(),
    `SELECT ${column} AS value FROM dbo.account WHERE "Id" = '${id}'`,
  );
  return row?.value;
}
