import { describe, expect, it } from 'vitest';
import type { Option, OptionSet } from '../../../shared/model/table-metadata.ts';
import type { TableDefinition } from '../../../shared/model/table-schema.ts';
import { metadataRows } from '../../../shared/schema/metadata-rows.ts';
import { metadataTables } from '../../../shared/schema/metadata-tables.ts';
import { attribute, smallTable } from '../../fakes/fake-dataverse.ts';

const definition: TableDefinition = {
  ...smallTable('account'),
  attributes: [
    attribute('accountid', 'Uniqueidentifier', { isPrimaryId: true, metadataId: 'f0e1' }),
    attribute('statecode', 'State'),
    attribute('statuscode', 'Status'),
    attribute('industrycode', 'Picklist'),
    attribute('industrycodename', 'Virtual', { attributeOf: 'industrycode' }),
    attribute('days', 'MultiSelectPicklist'),
    attribute('donotphone', 'Boolean'),
    attribute('isprivate', 'Boolean', { isValidForRead: false }),
    attribute('revenue', 'Money', { precision: 2 }),
    attribute('ownerid', 'Owner', { targets: ['systemuser', 'team'] }),
    attribute('to', 'PartyList', { targets: ['queue'], isValidODataAttribute: false }),
    attribute('entityimage', 'Image'),
  ],
  referencedKeys: new Map([['systemuser', 'systemuserid']]),
};
const readAt = new Date('2026-11-23T10:00:00.000Z');
const rowsOf = (optionSets: readonly OptionSet[] = [], hasUserLabels = false, table = definition) =>
  metadataRows(table, optionSets, { version: '173309522', readAt, hasUserLabels }).rows;
const option = (value: number, ...texts: readonly string[]): Option => ({
  value,
  labels: texts.map((text, index) => ({ text, language: [1033, 1031][index] ?? 0 })),
});
const set = (name: string, isGlobal: boolean, ...options: readonly Option[]): OptionSet => ({
  attribute: name,
  isGlobal,
  options,
});
const ofAccount = { EntityName: 'account', IsUserLocalizedLabel: false };

describe('the rows of the metadata tables', () => {
  it('have the columns of their tables, and no others', () => {
    const state = { ...option(0, 'a'), state: 0 };
    const rows = rowsOf([
      set('statecode', false, state),
      set('statuscode', false, state),
      set('industrycode', false, state),
      set('days', true, state),
    ]);
    for (const [key, table] of Object.entries(metadataTables)) {
      const [row] = rows[key as keyof typeof rows];
      const names = table.columns.map(({ name }) => name);
      const expected = key === 'globalOptionSet' ? ['EntityName', ...names] : names;
      expect(Object.keys(row ?? {}).sort(), key).toEqual([...expected].sort());
    }
  });

  it('name an option by its attribute, in each language, globals apart from those of the table', () => {
    const { optionSet, globalOptionSet } = rowsOf([
      set('industrycode', false, option(1, 'Accounting', 'Buchhaltung'), option(2, 'Brokers')),
      set('days', true, option(0, 'Day')),
      set('donotphone', false, option(0, 'Allow'), option(1, 'Do Not Allow')),
    ]);
    const label = (OptionSetName: string, Option: number, LocalizedLabel: string, language = 1033) => ({
      ...ofAccount,
      ...{ OptionSetName, Option, LocalizedLabelLanguageCode: language, LocalizedLabel },
    });
    expect(optionSet).toEqual([
      label('industrycode', 1, 'Accounting'),
      label('industrycode', 1, 'Buchhaltung', 1031),
      label('industrycode', 2, 'Brokers'),
      label('donotphone', 0, 'Allow'),
      label('donotphone', 1, 'Do Not Allow'),
    ]);
    expect(globalOptionSet).toEqual([label('days', 0, 'Day')]);
  });

  it('hold states and statuses apart from the option sets, a status with its state', () => {
    const rows = rowsOf([
      set('statecode', false, option(1, 'Inactive')),
      set('statuscode', false, { ...option(2, 'Inactive'), state: 1 }),
    ]);
    const label = { ...ofAccount, LocalizedLabelLanguageCode: 1033, LocalizedLabel: 'Inactive' };
    expect(rows.state).toEqual([{ ...label, State: 1 }]);
    expect(rows.status).toEqual([{ ...label, State: 1, Status: 2 }]);
    expect(rows.optionSet).toEqual([]);
  });

  it("have one more label where the user's are asked for", () => {
    const both = {
      ...option(1, 'Accounting', 'Buchhaltung'),
      userLabel: { text: 'Buchhaltung', language: 1031 },
    };
    const flags = (hasUserLabels: boolean) =>
      rowsOf([set('industrycode', false, both)], hasUserLabels).optionSet.map((row) => [
        row.IsUserLocalizedLabel,
        row.LocalizedLabelLanguageCode,
      ]);
    const usual = [
      [false, 1033],
      [false, 1031],
    ];
    expect(flags(false)).toEqual(usual);
    expect(flags(true)).toEqual([...usual, [true, 1031]]);
  });

  it('hold attributes that have a column, with the number of their type', () => {
    const { attribute: rows } = rowsOf([set('isprivate', false, option(0, 'No'))]);
    expect(rows.map((row) => [row.AttributeName, row.AttributeType, row.AttributeTypeCode])).toEqual([
      ['accountid', 'Uniqueidentifier', 15],
      ['statecode', 'State', 12],
      ['statuscode', 'Status', 13],
      ['industrycode', 'Picklist', 11],
      ['days', 'MultiSelectPicklist', 17],
      ['donotphone', 'Boolean', 0],
      ['revenue', 'Money', 8],
      ['ownerid', 'Owner', 9],
      ['to', 'PartyList', 10],
    ]);
    const stamps = { Version: '173309522', Timestamp: readAt.toISOString() };
    expect(rows[0]).toMatchObject({ ...stamps, MetadataId: 'f0e1', Precision: null });
    expect(rows.find((row) => row.AttributeName === 'revenue')).toMatchObject({ Precision: 2 });
    expect(rowsOf([set('isprivate', false, option(0, 'No'))]).optionSet).toEqual([]);
  });

  it('hold a row for each target, with its key as far as it is known', () => {
    const target = (AttributeName: string, ReferencedEntity: string, ReferencedAttribute: string | null) => ({
      EntityName: 'account',
      ...{ AttributeName, ReferencedEntity, ReferencedAttribute },
    });
    expect(rowsOf().target).toEqual([
      target('ownerid', 'systemuser', 'systemuserid'),
      target('ownerid', 'team', null),
      target('to', 'queue', null),
    ]);
  });

  it('fit their columns: long labels are cut, characters that not every database stores replaced, long names left out, and a key comes once', () => {
    const text = `${'x'.repeat(349)}😀`;
    const twice: Option = {
      value: 1,
      labels: [
        { text: 'first', language: 1033 },
        { text, language: 1033 },
      ],
    };
    expect(rowsOf([set('industrycode', false, twice)]).optionSet).toMatchObject([
      { LocalizedLabel: 'x'.repeat(349) },
    ]);
    expect(rowsOf([set('industrycode', false, option(1, 'a\0b\uD800'))]).optionSet).toMatchObject([
      { LocalizedLabel: 'a\uFFFDb\uFFFD' },
    ]);
    const long = 'a'.repeat(65);
    const odd = { ...definition, attributes: [attribute(long, 'Picklist'), attribute('name', 'String')] };
    const rows = rowsOf([set(long, false, option(1, 'One'))], false, odd);
    expect(rows.optionSet).toEqual([]);
    expect(rows.attribute.map((row) => row.AttributeName)).toEqual(['name']);
    expect(rowsOf([], false, { ...odd, logicalName: long }).attribute).toEqual([]);
  });
});
