import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MetadataRow, MetadataTableKey } from '../../shared/model/table-metadata.ts';
import type { Dataverse } from '../../shared/ports/dataverse.ts';
import { metadataRows } from '../../shared/schema/metadata-rows.ts';
import { metadataTables } from '../../shared/schema/metadata-tables.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import { type SimulatedOrganization, simulatedOrganization } from './simulated-organization.ts';

let organization: SimulatedOrganization;
let source: Dataverse;
beforeAll(async () => {
  organization = await simulatedOrganization(0);
  source = organization.dataverse(100);
});
afterAll(() => organization.close());

const readAt = new Date('2026-11-23T10:00:00.000Z');
const rowsOf = async (table: string) => {
  const definition = await source.tableDefinition(table);
  const optionSets = await source.optionSets(definition);
  return metadataRows(definition, optionSets, { version: '1', readAt, hasUserLabels: false }).rows;
};

/** Lines of one attribute each: `name: 1 1033 "Label", 1 1031 "Text"`. */
function asText(key: MetadataTableKey, rows: readonly MetadataRow[]): string {
  const [first = '', ...names] = metadataTables[key].columns
    .filter(({ name, role }) => name !== 'EntityName' && role !== 'stamp')
    .map(({ name }) => name);
  const lines = Map.groupBy(rows, (row) => row[first]);
  const cells = (row: MetadataRow) => names.map((name) => JSON.stringify(row[name])).join(' ');
  const text = [...lines].map(([name, some]) => `${name}: ${some.map(cells).join(', ')}\n`);
  return `# ${systemTables[key]}: ${[first, ...names].join(' ')}\n${text.join('')}\n`;
}

describe('the metadata tables of', () => {
  test.each(['account', 'contact', 'incident', 'email'])('%s', async (table) => {
    const rows = await rowsOf(table);
    const keys = Object.keys(metadataTables) as MetadataTableKey[];
    await expect(keys.map((key) => asText(key, rows[key])).join('')).toMatchFileSnapshot(
      `golden/metadata-${table}.txt`,
    );
  });
});

test('options are the same wherever the organization shows those of global choices', async () => {
  const before = await rowsOf('contact');
  expect(new Set(before.globalOptionSet.map((row) => row.OptionSetName))).toEqual(
    new Set(['mspp_userpreferredlcid', 'cra05_favouritedaysofweek']),
  );
  await organization.simulator('PATCH', '/switches', { optionSetOfGlobalChoices: false });
  expect(await rowsOf('contact')).toEqual(before);
  await organization.simulator('PATCH', '/switches', { optionSetOfGlobalChoices: true });
});

test('options, labels, languages and targets are read as they are now', async () => {
  const change = (body: object) => organization.simulator('POST', '/schema', body);
  const labelsOf = async (table: string, name: string, value: number) => {
    const { optionSet, globalOptionSet } = await rowsOf(table);
    return [...optionSet, ...globalOptionSet]
      .filter((row) => row.OptionSetName === name && row.Option === value)
      .map((row) => [row.LocalizedLabelLanguageCode, row.LocalizedLabel]);
  };
  const column = { table: 'account', column: 'industrycode' };
  const versions = [await source.metadataVersion()];
  await change({ ...column, changeLabel: { value: 1, label: 'Book-keeping' } });
  versions.push(await source.metadataVersion());
  await change({ ...column, changeLabel: { value: 1, label: 'Buchführung', language: 1031 } });
  await change({ ...column, dropOption: 2 });
  await change({ ...column, addOption: { value: 99, label: 'Space' } });
  versions.push(await source.metadataVersion());
  await change({ addLanguage: 1036 });
  versions.push(await source.metadataVersion());
  await change({ table: 'account', column: 'primarycontactid', addTarget: 'lead' });
  versions.push(await source.metadataVersion());
  expect(versions).toEqual([...new Set(versions)].sort());
  expect(await labelsOf('account', 'industrycode', 1)).toEqual([
    [1033, 'Book-keeping'],
    [1031, 'Buchführung'],
    [1036, 'Accounting'],
  ]);
  expect(await labelsOf('account', 'industrycode', 2)).toEqual([]);
  expect((await labelsOf('account', 'industrycode', 99)).map(([, text]) => text)).toEqual([
    'Space',
    'Space',
    'Space',
  ]);
  const { target } = await rowsOf('account');
  expect(target.filter((row) => row.AttributeName === 'primarycontactid')).toMatchObject([
    { ReferencedEntity: 'contact', ReferencedAttribute: 'contactid' },
    { ReferencedEntity: 'lead', ReferencedAttribute: 'leadid' },
  ]);
  // All activities have this choice in common.
  await change({ table: 'task', column: 'community', changeLabel: { value: 1, label: 'Face book' } });
  expect((await labelsOf('email', 'community', 1))[0]).toEqual([1033, 'Face book']);
});

test('a table without choices costs no request for them', async () => {
  const requests = () => organization.simulator('GET', '');
  const definition = await source.tableDefinition('accountleads');
  const before = (await requests()).requests;
  expect(await source.optionSets(definition)).toEqual([]);
  expect((await requests()).requests).toEqual(before);
});
