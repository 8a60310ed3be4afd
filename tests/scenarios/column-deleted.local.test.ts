import { beforeAll, expect, test } from 'vitest';
import { organizationRows } from './organization-rows.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({ PAGE_SIZE: '100' });
const soon = { timeout: 90_000, interval: 300 };
let profile: Awaited<ReturnType<typeof replicatingProfile>>;

beforeAll(async () => {
  profile = await replicatingProfile(platform(), ['account']);
});

const stored = async (id: string) => {
  const rows = await inDatabase<{ name: string; fax: string | null }>(
    platform(),
    `SELECT name, fax FROM dbo.account WHERE "Id" = '${id}'`,
  );
  return rows[0];
};
const storedName = async (id: string) => (await stored(id))?.name;
const storedFax = async (id: string) => (await stored(id))?.fax;

test('a column that is deleted in Dataverse stops no table, and the values that it had stay', async () => {
  const rows = await organizationRows(platform());
  const [id = ''] = await rows.accountIds(1);
  await rows.changeAccount(id, { fax: '0123' });
  await expect.poll(() => storedFax(id), soon).toBe('0123');
  await simulator(platform(), 'POST', '/schema', { table: 'account', dropColumn: 'fax' });
  for (const name of ['After the column', 'And again']) {
    await rows.changeAccount(id, { name });
    await expect.poll(() => storedName(id), soon).toBe(name);
  }
  await profile.expectEqualSides();
  expect(await storedFax(id)).toBe('0123');
});
