import { describe, expect, it } from 'vitest';
import type { MetadataRow, MetadataTableKey, TableMetadata } from '../../shared/model/table-metadata.ts';
import { metadataTables } from '../../shared/schema/metadata-tables.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import { canonicalValue } from '../../shared/schema/values.ts';
import { type DestinationUnderTest, readAt } from './destination-start.ts';

const keys = Object.keys(metadataTables) as MetadataTableKey[];

const label = (text: string | null, language = 1033, isUser = false) => ({
  IsUserLocalizedLabel: isUser,
  LocalizedLabelLanguageCode: language,
  LocalizedLabel: text,
});
const option = (value: number, text: string | null, language?: number) => ({
  OptionSetName: 'industrycode',
  Option: value,
  ...label(text, language),
});
const color = (value: number, text: string) => ({ OptionSetName: 'color', Option: value, ...label(text) });
const attribute = (name: string, more: MetadataRow = {}): MetadataRow => ({
  AttributeName: name,
  AttributeType: 'Money',
  AttributeTypeCode: 8,
  Version: '9007199254740993',
  Timestamp: readAt.toISOString(),
  MetadataId: '6f0ed1a9-0000-4000-8000-000000000001',
  Precision: 4,
  ...more,
});
const ofTable = (
  table: string,
  rows: Partial<Record<MetadataTableKey, readonly MetadataRow[]>>,
  mark?: string,
): TableMetadata => {
  const named = (key: MetadataTableKey) => (rows[key] ?? []).map((row) => ({ EntityName: table, ...row }));
  const all = Object.fromEntries(keys.map((key) => [key, named(key)]));
  return { table, rows: all as unknown as TableMetadata['rows'], ...(mark !== undefined && { mark }) };
};
/** A table with rows in each of the metadata tables. */
export const fullMetadata = ofTable(
  'account',
  {
    optionSet: [option(1, 'Accounting'), option(1, 'Buchhaltung', 1031), option(2, null)],
    globalOptionSet: [color(1, 'Red'), color(2, 'Blue')],
    state: [{ State: 0, ...label('Active') }],
    status: [
      { State: 0, Status: 1, ...label('Active') },
      { State: 0, Status: 1, ...label('Active', 1033, true) },
    ],
    target: [
      { AttributeName: 'ownerid', ReferencedEntity: 'team', ReferencedAttribute: 'teamid' },
      { AttributeName: 'ownerid', ReferencedEntity: 'systemuser', ReferencedAttribute: null },
    ],
    attribute: [attribute('revenue'), attribute('creditlimit', { Precision: null, Version: null })],
  },
  '17',
);

/** How the metadata tables of the old service follow what a table's metadata says. */
export function describeMetadata(make: () => Promise<DestinationUnderTest>): void {
  const start = async () => {
    const under = await make();
    await under.destination.ensureSystemTables({ hasDeleteLog: false });
    const write = (metadata: TableMetadata) => under.destination.writeMetadata(metadata);
    const rowsOf = async (key: MetadataTableKey) => shown(key, await under.rows(systemTables[key]));
    return { ...under, write, rowsOf };
  };
  const expected = (key: MetadataTableKey, ...metadata: readonly TableMetadata[]) =>
    shown(
      key,
      metadata.flatMap(({ rows }) => rows[key].map((row) => canonical(key, row))),
    );

  describe('the metadata tables', () => {
    it('hold what they are given, and a second time cost no write', async () => {
      const { write, rowsOf } = await start();
      const { changedRows } = await write(fullMetadata);
      for (const key of keys) expect(await rowsOf(key), key).toEqual(expected(key, fullMetadata));
      expect(changedRows).toBe(12);
      expect(await write(fullMetadata)).toEqual({ changedRows: 0 });
    });

    it('follow changed, added and removed rows, and no other', async () => {
      const { write, rowsOf } = await start();
      await write(fullMetadata);
      const options = [
        option(1, 'Book-keeping'),
        option(2, null),
        option(3, 'Consulting'),
        option(3, '', 1031),
      ];
      const later = '2026-12-01T00:00:00.000Z';
      const next = ofTable('account', {
        ...fullMetadata.rows,
        optionSet: options,
        target: fullMetadata.rows.target.slice(0, 1),
        attribute: [
          attribute('revenue', { Precision: 2, Version: '9007199254740994', Timestamp: later }),
          attribute('creditlimit', { Precision: null, Version: '9007199254740994', Timestamp: later }),
        ],
      });
      // Changed, gone and two new options; a target gone; one attribute changed.
      expect(await write(next)).toEqual({ changedRows: 6 });
      for (const key of ['optionSet', 'target', 'state'] as const)
        expect(await rowsOf(key), key).toEqual(expected(key, next));
      const [unchanged] = fullMetadata.rows.attribute.slice(1);
      const [changed] = next.rows.attribute;
      const attributes = [changed, unchanged].map((row) => canonical('attribute', row ?? {}));
      expect(await rowsOf('attribute')).toEqual(shown('attribute', attributes));
    });

    it('keep the rows of other tables', async () => {
      const { write, rowsOf } = await start();
      const contact = ofTable('contact', fullMetadata.rows);
      const renamed = ofTable(
        'contact',
        Object.fromEntries(
          keys.map((key) => [key, contact.rows[key].map((row) => ({ ...row, EntityName: 'contact' }))]),
        ),
      );
      await write(fullMetadata);
      await write(renamed);
      await write(ofTable('account', {}));
      for (const key of keys) expect(await rowsOf(key), key).toEqual(expected(key, renamed));
    });

    it('keep labels with any character', async () => {
      const { write, rowsOf } = await start();
      const odd = ofTable('account', { optionSet: [option(1, `it's "\\" \n 😀 ü {}`)] });
      await write(odd);
      expect(await rowsOf('optionSet')).toEqual(expected('optionSet', odd));
    });

    it('can be written by several workers at the same moment', async () => {
      const { destination, otherWorker, rowsOf } = await start();
      const workers = [destination, otherWorker, destination, otherWorker];
      const results = await Promise.all(workers.map((each) => each.writeMetadata(fullMetadata)));
      expect(results.map(({ changedRows }) => changedRows).sort((a, b) => a - b)).toEqual([0, 0, 0, 12]);
      for (const key of keys) expect(await rowsOf(key), key).toEqual(expected(key, fullMetadata));
    });

    it('are not written over by what was read at an earlier version, unless that is meant', async () => {
      const { destination, write, rowsOf } = await start();
      const later = { ...ofTable('account', { optionSet: [option(1, 'Later')] }), mark: '100' };
      await write(later);
      const old = { ...ofTable('account', { optionSet: [option(1, 'Earlier')] }), mark: '99' };
      for (const one of [old, { ...old, mark: '99 with user labels' }, { ...old, replaces: '98' }])
        expect(await write(one)).toEqual({ changedRows: 0 });
      expect(await rowsOf('optionSet')).toEqual(expected('optionSet', later));
      expect(await destination.metadataMark('account')).toBe('100');
      expect(await write({ ...old, replaces: '100' })).toEqual({ changedRows: 1 });
      expect(await rowsOf('optionSet')).toEqual(expected('optionSet', old));
      expect(await destination.metadataMark('account')).toBe('99');
    });

    it('tell what they were written from, until one of them has to be made again', async () => {
      const { destination, write, dropTable, rowsOf } = await start();
      expect(await destination.metadataMark('account')).toBeUndefined();
      await write(fullMetadata);
      await write(ofTable('contact', {}));
      expect(await destination.metadataMark('account')).toBe('17');
      expect(await destination.metadataMark('contact')).toBeUndefined();
      await destination.ensureSystemTables({ hasDeleteLog: false });
      expect(await destination.metadataMark('account')).toBe('17');
      await dropTable(systemTables.state);
      await destination.ensureSystemTables({ hasDeleteLog: false });
      expect(await destination.metadataMark('account')).toBeUndefined();
      expect(await write(fullMetadata)).toEqual({ changedRows: 1 });
      expect(await rowsOf('state')).toEqual(expected('state', fullMetadata));
    });
  });

  describe('the global option sets', () => {
    const globals = (table: string, ...rows: readonly MetadataRow[]) =>
      ofTable(table, { globalOptionSet: rows });

    it('keep an option for as long as any table needs it', async () => {
      const { write, rowsOf } = await start();
      await write(globals('account', color(1, 'Red'), color(2, 'Blue')));
      await write(globals('contact', color(2, 'Blue'), color(3, 'Green')));
      const options = async () => (await rowsOf('globalOptionSet')).map((row) => row.Option);
      expect(await options()).toEqual(['1', '2', '3']);
      await write(globals('account', color(1, 'Red')));
      expect(await options()).toEqual(['1', '2', '3']);
      await write(globals('contact', color(3, 'Green')));
      expect(await options()).toEqual(['1', '3']);
      await write(globals('account'));
      expect(await options()).toEqual(['3']);
    });

    it('follow a changed label once, whichever table tells it first', async () => {
      const { write, rowsOf } = await start();
      await write(globals('account', color(1, 'Red')));
      expect(await write(globals('contact', color(1, 'Red')))).toEqual({ changedRows: 0 });
      await write(globals('contact', color(1, 'Crimson')));
      await write(globals('account', color(1, 'Crimson')));
      expect(await rowsOf('globalOptionSet')).toMatchObject([{ LocalizedLabel: 'Crimson' }]);
    });

    it('take the label of the first table where two choices of one name differ, and stay at rest', async () => {
      const { write, rowsOf } = await start();
      const account = globals('account', color(1, 'Red'));
      const contact = globals('contact', color(1, 'Rouge'));
      for (const each of [contact, account, contact, account]) await write(each);
      expect(await rowsOf('globalOptionSet')).toMatchObject([{ LocalizedLabel: 'Red' }]);
      expect(await write(contact)).toEqual({ changedRows: 0 });
      expect(await write(account)).toEqual({ changedRows: 0 });
      await write(globals('account'));
      expect(await rowsOf('globalOptionSet')).toMatchObject([{ LocalizedLabel: 'Rouge' }]);
    });
  });
}

const columnsOf = (key: MetadataTableKey) => metadataTables[key].columns;
const canonical = (key: MetadataTableKey, row: MetadataRow): Record<string, string | null> =>
  Object.fromEntries(columnsOf(key).map(({ name, type }) => [name, canonicalValue(type, row[name])]));

/** Rows in the order of their values, without the number that the database gives them. */
function shown(key: MetadataTableKey, rows: readonly Readonly<Record<string, string | null>>[]) {
  const names = columnsOf(key).map(({ name }) => name);
  const plain = rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
  return plain.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
