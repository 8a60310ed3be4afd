import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyRange, partText, rangesOfText } from '../../../shared/model/checkpoint.ts';
import { bordersOf, onePiece, withBorder } from '../../../shared/sync/key-ranges.ts';

/** The ranges after an identity pass of so many pages, each of which begins with its own number. */
function rangesAfter(pages: number): readonly KeyRange[] {
  let ranges = onePiece;
  for (let page = 0; page < pages; page += 1) ranges = withBorder(ranges, page, String(page));
  return ranges;
}

const lengthsOf = (pages: number) => {
  const borders = [...rangesAfter(pages).map(({ from }) => Number(from ?? 0)), pages];
  return borders.slice(1).map((border, index) => border - (borders[index] ?? 0));
};

test('a table of two pages is one range, and a longer one has ranges of two pages until there are sixteen', () => {
  expect(lengthsOf(2)).toEqual([2]);
  expect(lengthsOf(3)).toEqual([2, 1]);
  expect(lengthsOf(32)).toEqual(Array(16).fill(2));
  expect(lengthsOf(33)).toEqual([...Array(8).fill(4), 1]);
});

test('however long the table is, its ranges are at most sixteen and of one length, the last perhaps shorter', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), (pages) => {
      const lengths = lengthsOf(pages);
      const [length = 0] = lengths;
      expect(lengths.length).toBeLessThanOrEqual(16);
      expect(lengths.slice(0, -1).every((one) => one === length)).toBe(true);
      expect(lengths.at(-1)).toBeLessThanOrEqual(length);
      if (pages > 32) expect(lengths.length).toBeGreaterThan(8);
    }),
    { numRuns: 50 },
  );
});

test('every key is in a range, and in only one when it is compared as pages are sorted', () => {
  const digits = fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 3, maxLength: 60 });
  const orders = fc.record({ keys: digits, factor: fc.constantFrom(1, 7, 411, 998) });
  fc.assert(
    fc.property(orders, ({ keys, factor }) => {
      const compared = (key: number) => (key * factor) % 1009;
      const sorted = [...keys].sort((a, b) => a - b);
      const ranges = sorted.reduce((known, key, page) => withBorder(known, page, String(key)), onePiece);
      const holders = (key: number) =>
        ranges.filter((_, index) => {
          const { from, to } = bordersOf(ranges, index);
          const isAfter = from === undefined || compared(key) >= compared(Number(from));
          return isAfter && (to === undefined || compared(key) < compared(Number(to)));
        }).length;
      for (const key of [...keys, 1000, 1001]) {
        expect(holders(key)).toBeGreaterThan(0);
        if (factor === 1) expect(holders(key)).toBe(1);
      }
    }),
  );
});

test('a page without rows makes no border', () => {
  expect(withBorder(onePiece, 2, undefined)).toBe(onePiece);
});

test('ranges are stored as one text; one that cannot be read is none', () => {
  const ranges: readonly KeyRange[] = [{ isDone: true }, { from: 'a', link: 'x' }, { from: 'b' }];
  expect(rangesOfText(partText(ranges))).toEqual(ranges);
  expect(partText(undefined)).toBeNull();
  for (const text of [null, '', '[]', '{}', '[{"from":1}]']) expect(rangesOfText(text)).toBeUndefined();
});
