import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgetServer, placeServer } from '../../local/database/place-server.ts';
import { type Database, startDatabase } from '../../local/database/start-database.ts';

async function query(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('the database of the tests', () => {
  let database: Database;
  beforeAll(async () => {
    database = await startDatabase();
  });
  afterAll(() => database.close());

  test('the exporter makes tables in its schema, and temporary ones', async () => {
    await query(database.exporterUrl, 'CREATE TABLE dbo.account (id uuid PRIMARY KEY)');
    await query(database.exporterUrl, 'CREATE TEMPORARY TABLE staging (id uuid)');
    const owned = await query(
      database.url,
      "SELECT nspname FROM pg_namespace WHERE nspowner = 'exporter'::regrole",
    );
    expect(owned).toEqual([{ nspname: 'dbo' }]);
  });

  test.each([
    'CREATE TABLE public.t (id int)',
    'CREATE SCHEMA other',
    'CREATE DATABASE other',
    'CREATE ROLE other',
  ])('the exporter may not: %s', async (text) => {
    await expect(query(database.exporterUrl, text)).rejects.toMatchObject({ code: '42501' });
  });

  test('a wrong password is refused', async () => {
    const wrong = database.exporterUrl.replace(':exporter@', ':wrong@');
    await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('the text of the world is kept as it is', async () => {
    expect(await query(database.url, "SELECT 'Zoë 🚀 \u202Eabc' AS text")).toEqual([
      { text: 'Zoë 🚀 \u202Eabc' },
    ]);
  });
});

describe('a database that is kept', () => {
  const parent = mkdtempSync(join(tmpdir(), 'database-'));
  chmodSync(parent, 0o755);
  const folder = join(parent, 'data');
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test('a server killed with -9 comes back with every committed row', async () => {
    const first = await startDatabase({ folder });
    await query(first.exporterUrl, 'CREATE TABLE dbo.kept AS SELECT generate_series(1, 1000) AS n');
    await query(first.url, 'CHECKPOINT');
    await query(first.exporterUrl, 'INSERT INTO dbo.kept SELECT generate_series(1001, 2000)');
    const pidFile = join((await placeServer(folder)).folder, 'postmaster.pid');
    process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGKILL');
    await first.exited;

    const second = await startDatabase({ folder });
    expect(await query(second.exporterUrl, 'SELECT count(*)::int AS count FROM dbo.kept')).toEqual([
      { count: 2000 },
    ]);
    await second.close();
    expect(existsSync(pidFile)).toBe(false);
  });

  test('a stale pid file that names a stranger does not stop the start, nor the stranger', async () => {
    const place = await placeServer(folder);
    writeFileSync(join(place.folder, 'postmaster.pid'), `${process.pid}\n${place.folder}\n`);
    const database = await startDatabase({ folder });
    expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
  });

  test('a second start takes over from a server that nobody stopped', async () => {
    const first = await startDatabase({ folder });
    const second = await startDatabase({ folder });
    await first.exited;
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await second.close();
  });
});

const isRoot = process.getuid?.() === 0;
if (!isRoot)
  console.warn(
    'Skipped the test of folders that only root may enter: it needs root, who runs PostgreSQL as another account.',
  );
test.runIf(isRoot)('root can keep its data in a folder that only root may enter', async () => {
  const closed = mkdtempSync(join(tmpdir(), 'closed-'));
  const folder = join(closed, 'data');
  const database = await startDatabase({ folder });
  expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await database.close();
  const elsewhere = (await placeServer(folder)).folder;
  expect(elsewhere).not.toContain(closed);
  forgetServer(folder);
  expect(existsSync(dirname(elsewhere))).toBe(false);
  expect(existsSync(dirname(dirname(elsewhere)))).toBe(true);
  rmSync(closed, { recursive: true });
});
