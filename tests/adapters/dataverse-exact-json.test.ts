import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExactJson } from '../../shared/adapters/dataverse/exact-json.ts';

test('decimals and big integers keep their last digit', () => {
  expect(
    parseExactJson('{"money":90071992547409.9301,"big": -9223372036854775808,"tiny":1.5e-7,"n":[1,2]}'),
  ).toEqual({ money: '90071992547409.9301', big: '-9223372036854775808', tiny: 1.5e-7, n: [1, 2] });
  expect(parseExactJson('{"double":1.7976931348623157E+308}')).toEqual({ double: '1.7976931348623157E+308' });
});

const memberName = fc.stringMatching(/^[@\w.]{0,20}\w$/);
const number = fc.oneof(
  fc.bigInt().map(String),
  fc.bigInt({ min: 2n ** 53n, max: 10n ** 16n }).map(String),
  fc.tuple(fc.bigInt(), fc.stringMatching(/^\d{1,12}$/)).map(([whole, part]) => `${whole}.${part}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

test('no digit of any number is lost', () => {
  fc.assert(
    fc.property(memberName, number, fc.boolean(), (name, text, hasSpace) => {
      const parsed = parseExactJson(`{"${name}":${hasSpace ? ' ' : ''}${text}}`) as Record<string, unknown>;
      const value = parsed[name];
      if (typeof value === 'string') expect(value).toBe(text);
      else expect(normal(String(value))).toBe(normal(text));
    }),
    { numRuns: 2000 },
  );
});

/** One text for one number: digits without needless zeros, and the power of ten they are shifted by. */
function normal(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', part = ''] = mantissa.replace('-', '').split('.');
  const all = `${whole}${part}`.replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  if (digits === '') return '0';
  const power = Number(exponent) - part.length + (all.length - digits.length);
  return `${mantissa.startsWith('-') ? '-' : ''}${digits}e${power}`;
}

/** Texts that try to look like a member with a long number. */
const trickyText = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '\\', ':', '":', '\\":', ',', '{', '}', ' ', 'a', '\n', '_', '\\\\"'),
      fc.constantFrom('1234567890123456789', '-12345678.123456789', ':1234567890123456'),
      fc.string({ unit: 'binary' }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('the inside of a text is never touched', () => {
  const row = fc.dictionary(memberName, fc.oneof(trickyText, fc.constant(null), fc.boolean(), fc.integer()), {
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(fc.array(row), fc.constantFrom(undefined, 1), (rows, indent) => {
      expect(parseExactJson(JSON.stringify(rows, undefined, indent))).toEqual(
        JSON.parse(JSON.stringify(rows)),
      );
    }),
    { numRuns: 3000 },
  );
});

test('a member name may be any text as long as numbers are short', () => {
  const row = fc.dictionary(trickyText, fc.oneof(trickyText, fc.integer()), { noNullPrototype: true });
  fc.assert(
    fc.property(row, (values) => {
      expect(parseExactJson(JSON.stringify(values))).toEqual(JSON.parse(JSON.stringify(values)));
    }),
    { numRuns: 1000 },
  );
});
