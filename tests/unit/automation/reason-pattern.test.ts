import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { patternOf } from '../../../shared/automation/reason-pattern.ts';

describe('the pattern of a reason', () => {
  it.each([
    ['Something that nobody has seen.', 'Something that nobody has seen.'],
    ['Row "x" met 3 dragons, not 1.5.', 'Row "..." met # dragons, not #.'],
    ["Row 'O'Neil' can't be; the rows' table.", 'Row "..." can\'t be; the rows\' table.'],
    ['Row «x» of „y“ is “z”.', 'Row "..." of "..." is "...".'],
    ['Row {ABCDEFAB-cdef-abcd-efab-cdefabcdefab} is odd.', 'Row {#} is odd.'],
    ['Odd at 8/31/2016 6:50:38 PM in UTC', 'Odd at # in UTC'],
    ['Odd at 2026-01-05T08:00:00.123Z in UTC', 'Odd at # in UTC'],
    ['Odd at Jan  5 2026  8:00AM in UTC', 'Odd at Jan # in UTC'],
    ['Odd since 0x80131904 of hatest201_account', 'Odd since # of #'],
    ['It is -5 and 1e+20', 'It is # and #'],
    ['  two\n\tlines ', 'two lines'],
    ['Odd. Truncated value: secret', 'Odd. Truncated value:'],
    ['Odd "and cut', 'Odd "..."'],
    ['', ''],
    ['"', '"..."'],
    ['😀'.repeat(150), '😀'.repeat(100)],
    [`x${'😀'.repeat(150)}`, `x${'😀'.repeat(99)}`],
  ])('of "%s" is "%s"', (reason, pattern) => {
    expect(patternOf(reason)).toBe(pattern);
  });

  it('is made in linear time', () => {
    const pieces = ['"', "'", '1', 'a', '#', '# ', '-', ' ', 'jan ', 'abcdefab-', "value '", '“'];
    for (const piece of pieces) {
      const before = performance.now();
      patternOf(`x ${piece.repeat(500_000)}`);
      expect(performance.now() - before).toBeLessThan(1000);
    }
  });
});

const anyWord = fc.constantFrom(
  'row',
  'cannot',
  'be',
  'written',
  'the',
  'column:',
  'because',
  'it,',
  "isn't",
);
const anyName = fc
  .string({ unit: 'grapheme', maxLength: 20 })
  .map((name) => name.replace(/["'`“”„‘’«»]/g, ''));
const anyVariable = fc.oneof(
  fc.tuple(anyName, fc.constantFrom('""', "''", '“”', '«»')).map(([name, [open, close]]) => ({
    kind: '"..."',
    text: `${open}${name}${close}`,
  })),
  fc.uuid().map((text) => ({ kind: '#', text })),
  fc.integer().map((number) => ({ kind: '#', text: String(number) })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => ({ kind: '#', text: String(number) })),
  fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .chain((date) => fc.constantFrom(date.toISOString(), date.toLocaleString('en-US', { timeZone: 'UTC' })))
    .map((text) => ({ kind: '#', text })),
);
/** A word before each, so that no two numbers are a list. */
const anyPieces = fc.array(fc.tuple(anyWord, anyVariable), { maxLength: 8 });

test('reasons that say the same of different rows have one pattern', () => {
  fc.assert(
    fc.property(anyPieces, (pieces) => {
      const reason = pieces.map(([word, { text }]) => `${word} ${text}`).join(' ');
      const expected = pieces.map(([word, { kind }]) => `${word} ${kind}`).join(' ');
      expect(patternOf(reason)).toBe(expected.slice(0, 200).trim());
    }),
    { numRuns: 1000 },
  );
});

test('a pattern is its own pattern, short, whole characters, and holds nothing that stood in quotes', () => {
  const anyReason = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 500 }),
    fc
      .array(
        fc.oneof(
          anyWord,
          fc.string({ maxLength: 5 }),
          fc.constantFrom(
            '"',
            "'",
            '"..."',
            '#',
            '-',
            ' ',
            '1',
            'Jan ',
            'PM',
            ': "',
            'Key (',
            "value '",
            '\uD83D',
            '“',
          ),
        ),
        { maxLength: 80 },
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(anyReason, (reason) => {
      const pattern = patternOf(reason);
      expect(patternOf(pattern)).toBe(pattern);
      expect(pattern.length).toBeLessThanOrEqual(200);
      expect(pattern.isWellFormed()).toBe(true);
      expect(patternOf(`Odd ${pattern} "SECRET" is it`)).not.toContain('SECRET');
    }),
    { numRuns: 2000 },
  );
});
