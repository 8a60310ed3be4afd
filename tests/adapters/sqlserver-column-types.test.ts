import { describe, expect, it, test } from 'vitest';
import { bulkTypes } from '../../shared/adapters/sqlserver/bulk-types.ts';
import {
  type CatalogType,
  inTypes,
  sqlServerType,
  type TypesOfTables,
  typeFromCatalog,
  typeName,
} from '../../shared/adapters/sqlserver/column-types.ts';
import type { ColumnType, DestinationTable } from '../../shared/model/table-schema.ts';
import { compareTable, firstColumns } from '../../shared/schema/compare-table.ts';

const catalog = (declared: string): CatalogType => {
  const [, name = '', first, second] = /^(\w+)(?:\((\w+)(?:,(\d+))?\))?$/.exec(declared) ?? [];
  const isText = /char/.test(name);
  const length = first === 'max' ? -1 : Number(first ?? 0) * (name.startsWith('n') ? 2 : 1);
  const isTime = /^(datetime2|datetimeoffset)$/.test(name);
  return {
    name,
    ...{ maxLength: isText ? length : 0, precision: isTime ? 0 : Number(first ?? 0) },
    scale: isTime ? Number(first ?? 7) : Number(second ?? 0),
  };
};
const tableOf = (type: ColumnType): DestinationTable => ({
  ...{ name: 'account', idSource: 'accountid' },
  columns: [{ name: 'a', type }],
});

/** What becomes of a column that is there. */
function fate(existing: string, wanted: ColumnType, types: TypesOfTables = 'classic') {
  const type = catalog(existing);
  expect(typeName(type)).toBe(existing);
  const present = { name: 'a', type: typeFromCatalog(type), typeName: existing };
  const first = firstColumns.map((column) => ({ ...column, typeName: '' }));
  const { steps, conflicts } = compareTable([...first, present], inTypes(types, tableOf(wanted)));
  if (conflicts.length > 0) return 'conflict';
  return steps[0] === undefined ? 'stays' : sqlServerType(steps[0].column.type);
}

const decimal4 = { kind: 'decimal', scale: 4 } as const;
const text160 = { kind: 'text', maxLength: 160 } as const;

// The table in docs/deploy.md, "A database that the old service filled".
test.each<[string, ColumnType, string]>([
  ['nvarchar(100)', text160, 'nvarchar(160)'],
  ['nvarchar(160)', text160, 'stays'],
  ['nvarchar(max)', text160, 'stays'],
  ['int', { kind: 'bigint' }, 'bigint'],
  ['int', decimal4, 'decimal(38,4)'],
  ['decimal(38,2)', decimal4, 'decimal(38,4)'],
  ['decimal(18,6)', decimal4, 'decimal(38,6)'],
  ['numeric(38,10)', decimal4, 'stays'],
  ['bigint', { kind: 'integer' }, 'stays'],
  ['datetime', { kind: 'datetime' }, 'stays'],
  ['datetime2(7)', { kind: 'datetime' }, 'stays'],
  ...['float', 'real', 'money', 'smallint'].map((name) => [name, decimal4, 'conflict'] as const),
  ...['varchar(160)', 'nchar(160)', 'ntext', 'xml'].map((name) => [name, text160, 'conflict'] as const),
  ...['date', 'smalldatetime', 'datetimeoffset(7)'].map(
    (name) => [name, { kind: 'datetime' }, 'conflict'] as const,
  ),
  ['nvarchar(36)', { kind: 'guid' }, 'conflict'],
  ['int', { kind: 'boolean' }, 'conflict'],
] as [string, ColumnType, string][])('%s where %j is wanted: %s', (existing, wanted, expected) => {
  expect(fate(existing, wanted)).toBe(expected);
});

describe('modern types', () => {
  it.each([
    ['datetime', 'datetime2(7)'],
    ['datetime2(0)', 'datetime2(7)'],
    ['datetime2(3)', 'stays'],
    ['datetime2(7)', 'stays'],
  ])('of a column that is %s: %s', (existing, expected) => {
    expect(fate(existing, { kind: 'datetime' }, 'modern')).toBe(expected);
  });

  it.each([
    ['0001-01-01T00:00:00Z', 0, 0],
    ['1970-01-01T00:00:00Z', 0, 719_162],
    ['1752-12-31T23:59:59.123456Z', 863_991_234_560, 639_904],
    ['9999-12-31T23:59:59.999999Z', 863_999_999_990, 3_652_058],
  ])('hold %s', (text, ticks, day) => {
    const written: number[] = [];
    const write = (value: number) => void written.push(value);
    const buffer = { writeUInt8: write, writeUInt40LE: write, writeUInt24LE: write };
    bulkTypes.datetime2.writeValue(buffer as never, { value: text });
    expect(written).toEqual([8, ticks, day]);
  });
});
