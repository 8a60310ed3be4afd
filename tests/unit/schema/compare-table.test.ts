import { describe, expect, it } from 'vitest';
import type { ColumnType } from '../../../shared/model/table-schema.ts';
import { compareTable, firstColumns } from '../../../shared/schema/compare-table.ts';

const text = (maxLength?: number): ColumnType => ({ kind: 'text', ...(maxLength && { maxLength }) });
const decimal = (scale: number, digits?: number): ColumnType => ({
  kind: 'decimal',
  scale,
  ...(digits && { digits }),
});
const first = firstColumns.map((column) => ({ ...column, typeName: 'shown' }));
const compare = (existing: ColumnType | undefined, type: ColumnType) => {
  const present = { name: 'a', type: existing, typeName: 'shown' };
  const { steps, conflicts } = compareTable([...first, present], {
    name: 'account',
    idSource: 'accountid',
    columns: [{ name: 'a', type }],
  });
  if (conflicts.length > 0) return 'conflict';
  return steps[0] === undefined ? 'nothing' : `${steps[0].kind} ${JSON.stringify(steps[0].column.type)}`;
};

describe('comparing a table', () => {
  it.each([
    [text(100), text(100), 'nothing'],
    [text(100), text(50), 'nothing'],
    [text(100), text(160), text(160)],
    [text(100), text(), text()],
    [text(), text(100), 'nothing'],
    [decimal(10), decimal(4), 'nothing'],
    [decimal(2), decimal(4), decimal(4)],
    [decimal(4, 19), decimal(4), decimal(4)],
    [decimal(6, 19), decimal(4), decimal(6)],
    [{ kind: 'integer' }, { kind: 'bigint' }, { kind: 'bigint' }],
    [{ kind: 'bigint' }, { kind: 'integer' }, 'nothing'],
    [{ kind: 'integer' }, decimal(2), decimal(2)],
    [decimal(2), { kind: 'integer' }, 'nothing'],
    [decimal(0, 10), { kind: 'integer' }, 'nothing'],
    [decimal(0, 5), { kind: 'integer' }, decimal(0)],
    [decimal(0, 18), { kind: 'bigint' }, decimal(0)],
    [{ kind: 'datetime' }, { kind: 'datetime' }, 'nothing'],
    [{ kind: 'datetime', isWide: true }, { kind: 'datetime' }, 'nothing'],
    [{ kind: 'datetime' }, { kind: 'datetime', isWide: true }, { kind: 'datetime', isWide: true }],
    [{ kind: 'boolean' }, { kind: 'boolean' }, 'nothing'],
    [{ kind: 'boolean' }, text(5), 'conflict'],
    [text(36), { kind: 'guid' }, 'conflict'],
    [undefined, text(5), 'conflict'],
  ] as const)('from %j to %j asks for: %s', (existing, wanted, answer) => {
    const becomes = typeof answer === 'object' ? `widen-column ${JSON.stringify(answer)}` : answer;
    expect(compare(existing, wanted)).toBe(becomes);
  });

  it('adds what is missing in the wanted order and leaves alone what is not wanted any more', () => {
    const columns = ['z', 'gone', 'b', 'a'].map((name) => ({ name, type: text(10) }));
    const others = ['gone', 'b', 'of a person'].map((name) => ({
      name,
      type: text(10),
      typeName: 'varchar',
    }));
    const existing = [...first.slice(0, 2), ...others];
    const wanted = columns.filter(({ name }) => name !== 'gone');
    const { steps, conflicts, unknown } = compareTable(existing, {
      name: 'account',
      idSource: 'accountid',
      columns: wanted,
    });
    expect(conflicts).toEqual([]);
    expect(unknown.map(({ name }) => name)).toEqual(['gone', 'of a person']);
    expect(steps.map(({ kind, column }) => `${kind} ${column.name}`)).toEqual([
      'add-column SinkModifiedOn',
      'add-column z',
      'add-column a',
    ]);
  });
});
