import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFreePortBase } from '../../local/platform/free-ports.ts';
import { type Platform, startPlatform } from '../../local/platform/start-platform.ts';

const data = mkdtempSync(join(tmpdir(), 'platform-'));
// PostgreSQL may run as another account, which has to pass.
chmodSync(data, 0o755);
let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({
    portBase: await findFreePortBase(),
    data,
    rows: 300,
    from: 'sources',
    environment: { DELTA_INTERVAL_SECONDS: '2' },
  });
});
afterAll(async () => {
  await platform.stop();
  rmSync(data, { recursive: true, force: true });
});

test('each address answers, and the app lets nobody see more than its health without a token', async () => {
  const { app, dataverse, entra, database } = platform.addresses;
  expect((await fetch(`${app}/health`)).status).toBe(200);
  expect((await fetch(`${dataverse}/simulator`)).status).toBe(200);
  expect((await fetch(`${entra}/common/v2.0/.well-known/openid-configuration`)).status).toBe(200);
  const client = new Client({ connectionString: database });
  await client.connect();
  expect((await client.query('SELECT current_database() AS name')).rows).toEqual([{ name: 'reporting' }]);
  await client.end();
});

test('settings of the app can be overridden', () => {
  expect(platform.environment).toMatchObject({
    DELTA_INTERVAL_SECONDS: '2',
    SERVICE_URL: platform.addresses.app,
  });
});

test('a part that is killed is reported, and can be started again at its address', async () => {
  const before = platform.pid('app');
  platform.kill('app', 'SIGKILL');
  expect(await platform.died).toMatchObject({ name: 'app', exit: { signal: 'SIGKILL' } });
  await platform.restart('app');
  expect(platform.pid('app')).not.toBe(before);
  expect((await fetch(`${platform.addresses.app}/health`)).status).toBe(200);
});
