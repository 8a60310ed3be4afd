import { beforeAll, expect, test } from 'vitest';
import { systemTables } from '../../shared/schema/system-tables.ts';
import { replicatingProfile } from './replicating-profile.ts';
import { inDatabase, runningPlatform, simulator } from './running-platform.ts';

const platform = runningPlatform({}, { rows: 50 });
const soon = { timeout: 90_000, interval: 300 };

beforeAll(async () => {
  await replicatingProfile(platform(), ['account', 'task', 'email'], 'labels');
});

const change = (body: object) => simulator(platform(), 'POST', '/schema', body);
const rowsOf = (key: keyof typeof systemTables, where = 'true') =>
  inDatabase<Record<string, unknown>>(
    platform(),
    `SELECT t.* FROM dbo."labels_${systemTables[key]}" t WHERE ${where} ORDER BY t::text`,
  );
const labels = async (option: number) =>
  (await rowsOf('optionSet', `"OptionSetName" = 'industrycode' AND "Option" = ${option}`)).map(
    (row) => `${row.LocalizedLabelLanguageCode} ${row.LocalizedLabel}`,
  );

/** Everything but what the tests change, to see that nothing else moved. */
const others = async () => [
  await rowsOf('optionSet', `"OptionSetName" <> 'industrycode'`),
  await rowsOf('globalOptionSet', `"OptionSetName" <> 'community'`),
  await rowsOf('state'),
  await rowsOf('status'),
  await rowsOf('target', `"AttributeName" <> 'primarycontactid'`),
  await rowsOf('attribute'),
];

test('an activation fills the metadata tables', async () => {
  expect(await labels(1)).toEqual(['1031 Buchhaltung', '1033 Accounting']);
  const [status] = await rowsOf('status', `"EntityName" = 'account' AND "Status" = 2`);
  expect(status).toMatchObject({ State: 1, IsUserLocalizedLabel: false, LocalizedLabel: 'Inaktiv' });
  expect(await rowsOf('state', `"EntityName" = 'email'`)).toHaveLength(6);
  const [target] = await rowsOf('target', `"AttributeName" = 'primarycontactid'`);
  expect(target).toMatchObject({ EntityName: 'account', ReferencedEntity: 'contact' });
  const [revenue] = await rowsOf('attribute', `"AttributeName" = 'revenue'`);
  expect(revenue).toMatchObject({ AttributeType: 'Money', AttributeTypeCode: 8, Precision: 2 });
  // Two tables have this global choice in common.
  expect(await rowsOf('globalOptionSet', `"OptionSetName" = 'community'`)).toHaveLength(12);
});

test('labels, options, languages and targets follow, without any change of a row, and nothing else moves', async () => {
  const before = await others();
  const column = { table: 'account', column: 'industrycode' };
  await change({ ...column, changeLabel: { value: 1, label: 'Book-keeping' } });
  await change({ ...column, dropOption: 2 });
  await change({ ...column, addOption: { value: 99, label: 'Space travel' } });
  await change({ table: 'task', column: 'community', dropOption: 5 });
  await change({ table: 'account', column: 'primarycontactid', addTarget: 'lead' });
  await expect.poll(() => labels(1), soon).toEqual(['1031 Buchhaltung', '1033 Book-keeping']);
  await expect.poll(() => labels(99), soon).toEqual(['1031 Space travel', '1033 Space travel']);
  expect(await labels(2)).toEqual([]);
  const targets = async () => (await rowsOf('target', `"AttributeName" = 'primarycontactid'`)).length;
  await expect.poll(targets, soon).toBe(2);
  const community = async () => (await rowsOf('globalOptionSet', `"OptionSetName" = 'community'`)).length;
  await expect.poll(community, soon).toBe(10);
  expect(await others()).toEqual(before);
});

test('a new language is a row for each option', async () => {
  await change({ addLanguage: 1036 });
  const count = async (language: number) =>
    (await rowsOf('optionSet', `"LocalizedLabelLanguageCode" = ${language}`)).length;
  await expect.poll(() => count(1036), soon).toBe(await count(1033));
});
