import { describe, expect, it } from 'vitest';
import type { ColumnType } from '../../../shared/model/table-schema.ts';
import { compareTable } from '../../../shared/schema/compare-table.ts';

const text = (maxLength?: number): ColumnType => ({ kind: 'text', ...(maxLength && { maxLength }) });
const decimal = (scale: number): ColumnType => ({ kind: 'decimal', scale });
const compare = (existing: ColumnType | undefined, type: ColumnType) => {
  const present = { name: 'a', type: existing, typeName: 'shown' };
  const { steps, conflicts } = compareTable([present], {
    name: 'account',
    idSource: 'accountid',
    columns: [{ name: 'a', type }],
  });
  return conflicts.length > 0 ? 'conflict' : (steps[0]?.kind ?? 'nothing');
};

describe('comparing a table', () => {
  it.each([
    [text(100), text(100), 'nothing'],
    [text(100), text(50), 'nothing'],
    [text(100), text(160), 'widen-column'],
    [text(100), text(), 'widen-column'],
    [text(), text(100), 'nothing'],
    [decimal(4), decimal(2), 'nothing'],
    [decimal(2), decimal(4), 'widen-column'],
    [{ kind: 'integer' }, { kind: 'bigint' }, 'widen-column'],
    [{ kind: 'bigint' }, { kind: 'integer' }, 'nothing'],
    [{ kind: 'integer' }, decimal(2), 'widen-column'],
    [decimal(2), { kind: 'integer' }, 'nothing'],
    [{ kind: 'boolean' }, { kind: 'boolean' }, 'nothing'],
    [{ kind: 'boolean' }, text(5), 'conflict'],
    [text(36), { kind: 'guid' }, 'conflict'],
    [undefined, text(5), 'conflict'],
  ] as const)('from %j to %j asks for: %s', (existing, wanted, answer) => {
    expect(compare(existing, wanted)).toBe(answer);
  });

  it('adds what is missing in the wanted order and leaves alone what is not wanted any more', () => {
    const columns = ['z', 'gone', 'b', 'a'].map((name) => ({ name, type: text(10) }));
    const existing = ['gone', 'b', 'of a person'].map((name) => ({
      name,
      type: text(10),
      typeName: 'varchar',
    }));
    const wanted = columns.filter(({ name }) => name !== 'gone');
    const { steps, conflicts } = compareTable(existing, {
      name: 'account',
      idSource: 'accountid',
      columns: wanted,
    });
    expect(conflicts).toEqual([]);
    expect(steps.map(({ kind, column }) => `${kind} ${column.name}`)).toEqual([
      'add-column z',
      'add-column a',
    ]);
  });
});
