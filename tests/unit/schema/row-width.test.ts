import { expect, test } from 'vitest';
import type { ColumnType } from '../../../shared/model/table-schema.ts';
import { type RowLimits, rowWidth } from '../../../shared/schema/row-width.ts';

const widthOf = (types: readonly ColumnType[], limits: Partial<RowLimits> = {}) =>
  rowWidth(
    { columns: types.map((type, index) => ({ name: `c${index}`, type })) },
    {
      columns: 1000,
      bytes: 8000,
      overhead: () => 0,
      place: ({ kind }) => (kind === 'boolean' ? { bytes: 1, alignment: 1 } : { bytes: 8, alignment: 8 }),
      ...limits,
    },
  );

test('the id and the two dates of each row are counted', () => {
  expect(widthOf([])).toEqual({ columns: 3, bytes: 24 });
});

test('a value begins where its type may begin', () => {
  const types: ColumnType[] = [{ kind: 'boolean' }, { kind: 'bigint' }, { kind: 'boolean' }];
  expect(widthOf(types).bytes).toBe(24 + 1 + 7 + 8 + 1);
});

test('what stands in front of the values depends on how many there are', () => {
  expect(widthOf([{ kind: 'boolean' }], { overhead: (columns) => 10 * columns }).bytes).toBe(40 + 24 + 1);
});
