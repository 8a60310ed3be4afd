import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnType } from '../../../shared/model/table-schema.ts';
import { canonicalValue, columnConverter } from '../../../shared/schema/values.ts';

const decimal = (scale: number): ColumnType => ({ kind: 'decimal', scale });
const kind = <K extends 'guid' | 'integer' | 'bigint' | 'boolean' | 'datetime' | 'text'>(name: K) =>
  ({ kind: name }) as { kind: K };

describe('a canonical value', () => {
  it.each([
    ['guid', 'ABCDEF01-2345-6789-abcd-ef0123456789', 'abcdef01-2345-6789-abcd-ef0123456789'],
    ['boolean', true, 'true'],
    ['boolean', false, 'false'],
    ['integer', 0, '0'],
    ['integer', -0, '0'],
    ['integer', 2147483647, '2147483647'],
    ['integer', '-2147483648', '-2147483648'],
    ['integer', '1.000', '1'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['bigint', -9007199254740991, '-9007199254740991'],
    ['text', '', ''],
    ['text', 12, '12'],
    ['datetime', '2024-06-12T14:13:17Z', '2024-06-12T14:13:17Z'],
    ['datetime', '2024-04-10', '2024-04-10T00:00:00Z'],
    ['datetime', '2024-02-29T23:59:59.1230000Z', '2024-02-29T23:59:59.123Z'],
    ['datetime', '9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.999999Z'],
    ['datetime', '2024-01-01T01:00:00+02:00', '2023-12-31T23:00:00Z'],
    ['datetime', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['boolean', { Value: true, CanBeChanged: false }, 'true'],
    ['boolean', { Value: null }, null],
    ['text', null, null],
    ['text', undefined, null],
  ] as const)('of kind %s for %j is %j', (name, raw, expected) => {
    expect(canonicalValue(kind(name), raw)).toBe(expected);
  });

  it.each([
    [2, '1234.5600000000', '1234.56'],
    [2, 1.255, '1.26'],
    [2, '-1.255', '-1.26'],
    [2, '0.004', '0'],
    [2, '-0.004', '0'],
    [2, '-0.0', '0'],
    [0, '0.5', '1'],
    [2, '99.995', '100'],
    [5, 47.639583, '47.63958'],
    [10, 1e-7, '0.0000001'],
    [10, 1e21, '1000000000000000000000'],
    [4, '90071992547409.9301', '90071992547409.9301'],
    [2, '+007.10', '7.1'],
    [2, '0e5', '0'],
  ])('of scale %i for %j is %j', (scale, raw, expected) => {
    expect(canonicalValue(decimal(scale), raw)).toBe(expected);
  });

  it('of a decimal is the same number to the last digit, in whatever notation', () => {
    const parts = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 28n - 1n }), fc.nat(9_999_999_999), fc.boolean());
    fc.assert(
      fc.property(parts, ([whole, fraction, isNegative]) => {
        const digits = String(fraction).padStart(10, '0');
        const sign = isNegative ? '-' : '';
        const plain = `${sign}${whole}.${digits}`;
        const text = canonicalValue(decimal(10), plain) ?? '';
        const [back = '', decimals = ''] = text.replace('-', '').split('.');
        expect(BigInt(back + decimals.padEnd(10, '0'))).toBe(BigInt(`${whole}${digits}`));
        expect(text.startsWith('-')).toBe(isNegative && text !== '0');
        expect(canonicalValue(decimal(10), `${sign}${whole}${digits}e-10`)).toBe(text);
        expect(canonicalValue(decimal(10), text)).toBe(text);
      }),
    );
  });

  it('of a number is what JavaScript shows, without exponent', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 });
    fc.assert(
      fc.property(number, (given) => {
        const text = canonicalValue(decimal(10), given) ?? '';
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Math.abs(Number(text) - given)).toBeLessThanOrEqual(
          0.5000001e-10 + Math.abs(given) * Number.EPSILON,
        );
      }),
    );
  });

  it('of a whole number is itself inside its bits, and refused outside', () => {
    const any = fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n });
    fc.assert(
      fc.property(any, (given) => {
        const fits = given >= -(2n ** 63n) && given < 2n ** 63n;
        const convert = () => canonicalValue(kind('bigint'), String(given));
        if (fits) expect(convert()).toBe(String(given));
        else expect(convert).toThrow(expect.objectContaining({ code: 'ROW_NUMBER_OUT_OF_RANGE' }));
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (given) => {
        expect(canonicalValue(kind('integer'), given)).toBe(`${given}`);
      }),
    );
  });

  it('of any second of any year that Dataverse knows is that second', () => {
    const moments = fc.date({
      min: new Date('0001-01-02'),
      max: new Date('9999-12-30'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, fc.integer({ min: -839, max: 839 }), (moment, offset) => {
        const second = `${moment.toISOString().slice(0, 19)}Z`;
        expect(canonicalValue(kind('datetime'), second)).toBe(second);
        const day = second.slice(0, 10);
        expect(canonicalValue(kind('datetime'), day)).toBe(`${day}T00:00:00Z`);
        const local = new Date(Date.parse(second) + offset * 60_000).toISOString().slice(0, 19);
        const two = (number: number) => String(number).padStart(2, '0');
        const distance = Math.abs(offset);
        const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(distance / 60))}:${two(distance % 60)}`;
        expect(canonicalValue(kind('datetime'), `${local}${zone}`)).toBe(second);
      }),
    );
  });

  it('of any text is that text', () => {
    const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(anyText, (text) => {
        expect(canonicalValue(kind('text'), text)).toBe(text);
      }),
    );
  });

  it.each([
    [kind('guid'), 'abc', 'ROW_VALUE_INVALID'],
    [kind('guid'), 'abcdef01-2345-6789-abcd-ef012345678\t', 'ROW_VALUE_INVALID'],
    [kind('guid'), 7, 'ROW_VALUE_INVALID'],
    [kind('boolean'), 1, 'ROW_VALUE_INVALID'],
    [kind('integer'), 2 ** 31, 'ROW_NUMBER_OUT_OF_RANGE'],
    [kind('integer'), 1.5, 'ROW_VALUE_INVALID'],
    [kind('integer'), '7\n8', 'ROW_VALUE_INVALID'],
    [kind('bigint'), '1e99', 'ROW_NUMBER_OUT_OF_RANGE'],
    [kind('integer'), `1${'0'.repeat(30)}`, 'ROW_NUMBER_OUT_OF_RANGE'],
    [decimal(2), `1${'0'.repeat(36)}`, 'ROW_NUMBER_OUT_OF_RANGE'],
    [decimal(2), `${'9'.repeat(36)}.995`, 'ROW_NUMBER_OUT_OF_RANGE'],
    [decimal(2), '1e999999999', 'ROW_NUMBER_OUT_OF_RANGE'],
    [decimal(2), 'NaN', 'ROW_VALUE_INVALID'],
    [decimal(2), Number.POSITIVE_INFINITY, 'ROW_VALUE_INVALID'],
    [decimal(2), '1,5', 'ROW_VALUE_INVALID'],
    [decimal(2), '', 'ROW_VALUE_INVALID'],
    [decimal(2), '-', 'ROW_VALUE_INVALID'],
    [decimal(2), '.', 'ROW_VALUE_INVALID'],
    [kind('datetime'), '2023-02-29', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), '0000-01-01T00:00:00Z', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), '10000-01-01T00:00:00Z', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), '0001-01-01T00:00:00+02:00', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), '2024-01-01T24:00:00Z', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), '2024-01-01\t00:00:00Z', 'ROW_DATE_OUT_OF_RANGE'],
    [kind('datetime'), 20240101, 'ROW_VALUE_INVALID'],
    [kind('text'), { secret: 'x' }, 'ROW_VALUE_INVALID'],
  ] as const)('of %j refuses %j with %s', (type, raw, code) => {
    expect(() => canonicalValue(type, raw)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a column converter', () => {
  it('names the column and what is wrong, and not the value', () => {
    const convert = columnConverter({ name: 'revenue', type: decimal(2), source: 'revenue' });
    expect(() => convert('SECRET')).toThrow(
      expect.objectContaining({
        message: 'Cannot write column "revenue": received a string that is not a number.',
        parameters: ['revenue', 'received a string that is not a number'],
      }),
    );
    expect(convert('1.50')).toBe('1.5');
    expect(convert(null)).toBe(null);
  });

  it('cuts the name of another row to the column, and never a pair in two', () => {
    const type = { kind: 'text', maxLength: 5 } as const;
    const convert = columnConverter({ name: 'primarycontactidname', type, source: 'x', isCut: true });
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const cut = convert(name) ?? '';
        expect(name.startsWith(cut)).toBe(true);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut.length).toBeGreaterThanOrEqual(Math.min(name.length, 4));
        expect(cut.length).toBeLessThanOrEqual(5);
      }),
    );
    expect(convert('1234😀')).toBe('1234');
  });
});
