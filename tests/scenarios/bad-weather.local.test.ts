import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { userToken } from './callers.ts';
import { failureLines } from './failure-lines.ts';
import { rawRequest } from './raw-request.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({ PAGE_SIZE: '100' });
const tables = ['account', 'contact', 'task', 'incident'];
const soon = { timeout: 90_000, interval: 300 };
let profile: Awaited<ReturnType<typeof replicatingProfile>>;

beforeAll(async () => {
  profile = await replicatingProfile(platform(), tables);
});

const plan = (faults: readonly object[]) => simulator(platform(), 'POST', '/faults', [...faults]);
const planned = async () => (await simulator<{ faults: unknown[] }>(platform(), 'GET')).faults;
const tellsOfTable = (table: string, words: string) => (line: string) =>
  line.startsWith(
    `Entity: ${table}, RecordId: N/A, NotificationTime: , ChangeType: Update, FailureReason: Cannot `,
  ) && line.includes(words);

describe('Dataverse', () => {
  test('answers too busy, broken, slow, in HTML, half, or with an expired token: nobody is told, nothing is lost', async () => {
    await profile.startChanges();
    // Three a table, so that one request outlives them.
    await plan([
      ...['429-requests', '502', 'expired-delta'].map((kind) => ({ route: 'accounts?', kind })),
      ...['429-time', '503', 'html'].map((kind) => ({ route: 'contacts?', kind })),
      ...['429-concurrency', '504', 'unauthorized'].map((kind) => ({ route: 'tasks?', kind })),
      ...['reset', 'deadlock', 'slow'].map((kind) => ({ route: 'incidents?', kind })),
    ]);
    await expect.poll(planned, soon).toEqual([]);
    await profile.expectEqualSides();
    expect(await profile.failureLines()).toEqual([]);
  }, 90_000);

  test('takes a privilege away: that table waits and says why, the others go on, and it goes on by itself', async () => {
    await profile.startChanges();
    await plan([{ route: 'contacts?', kind: 'privilege', count: 10_000 }]);
    const isTold = tellsOfTable('contact', 'Dataverse answered 403');
    await expect.poll(async () => (await profile.failureLines()).filter(isTold), soon).toHaveLength(1);
    const statusOf = async (table: string) =>
      (await profile.statuses()).find((status) => status?.Type === table);
    expect(await statusOf('contact')).toMatchObject({ LastExportStatus: 'Failure' });
    const before = (await statusOf('account'))?.SuccessNotifications ?? 0;
    const passed = async () => (await statusOf('account'))?.SuccessNotifications ?? 0;
    await expect.poll(passed, soon).toBeGreaterThan(before);
    await sleep(6000);
    await simulator(platform(), 'DELETE', '/faults');
    await profile.expectEqualSides();
    expect(await profile.failureLines()).toEqual([expect.stringMatching(/^Entity: contact, /)]);
    expect(await statusOf('contact')).toMatchObject({ LastExportStatus: 'Success' });
  }, 90_000);

  test('is killed and started again', async () => {
    await profile.startChanges();
    platform().kill('dataverse', 'SIGKILL');
    await sleep(3000);
    expect(await profile.statuses()).toHaveLength(tables.length);
    await platform().restart('dataverse');
    await profile.startChanges();
    await sleep(1000);
    await profile.expectEqualSides();
  }, 90_000);
});

test('storage is killed and started again: health says so, and everything goes on', async () => {
  const health = async () => {
    const { status, text } = await rawRequest(platform().addresses.app, 'GET', '/health');
    return [status, text];
  };
  await profile.startChanges();
  platform().kill('storage', 'SIGKILL');
  expect(await health()).toEqual([503, 'unhealthy']);
  await sleep(5000);
  await platform().restart('storage');
  await expect.poll(health, soon).toEqual([200, 'healthy']);
  await sleep(1000);
  await profile.expectEqualSides();
});

test('sign-in and vault are away when the app starts: it says why, refuses callers with a 500, and goes on', async () => {
  const token = await userToken(platform().addresses.entra, 'admin');
  const link = await profile.failureLink();
  await profile.startChanges();
  for (const part of ['entra', 'keyvault', 'app'] as const) platform().kill(part, 'SIGKILL');
  await platform().restart('app');
  const answered = await rawRequest(
    platform().addresses.app,
    'GET',
    `/crm/exporter/profiles/${profile.id}?status=true`,
    { headers: { Authorization: `Bearer ${token}` } },
  );
  expect([answered.status, JSON.parse(answered.text).Message]).toEqual([
    500,
    "Cannot check a token: the sign-in service's key set cannot be read; each signature is checked with it.",
  ]);
  const isTold = async () => {
    const lines = await failureLines(link);
    return tables.map(
      (table) => lines.filter(tellsOfTable(table, "the app's own identity got no token")).length,
    );
  };
  const once = tables.map(() => 1);
  await expect.poll(isTold, soon).toEqual(once);
  for (const part of ['entra', 'keyvault'] as const) await platform().restart(part);
  await profile.expectEqualSides();
  expect(await isTold()).toEqual(once);
});
