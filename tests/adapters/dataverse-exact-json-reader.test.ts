import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { parseExactJson } from '../../shared/adapters/dataverse/exact-json.ts';
import { exactJsonReader } from '../../shared/adapters/dataverse/exact-json-reader.ts';

/** What the reader makes of a text that comes in parts of so many bytes. */
function readInParts(text: string, partBytes: number, pieceBytes: number): unknown {
  const reader = exactJsonReader(pieceBytes);
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += partBytes)
    reader.take(bytes.subarray(start, start + partBytes));
  return reader.end();
}

const text = fc
  .array(fc.constantFrom(',{"@odata.etag":', '"', '\\', ']}', '[', '},', 'ä', '→', '🐟', 'a', '\n'), {
    maxLength: 6,
  })
  .map((parts) => parts.join(''));
const values = {
  '@odata.etag': text,
  name: text,
  money: fc.constantFrom(1.5, 'long number'),
};
const nested = fc.array(fc.record(values), { maxLength: 4 });
const row = fc.record({ ...values, parties: nested, last: text }, { requiredKeys: ['@odata.etag'] });
const rows = fc.array(row, { maxLength: 12 });
const page = fc.oneof(
  fc.record({ '@odata.context': text, value: rows, '@odata.nextLink': text }, { requiredKeys: ['value'] }),
  fc.record({ '@odata.deltaLink': text, value: rows }),
  fc.record({ value: rows, others: rows }),
  fc.record({ other: fc.record({ value: rows }), value: rows }),
  rows,
);
const answer = fc
  .tuple(page, fc.constantFrom(undefined, 1))
  .map(([body, indent]) =>
    JSON.stringify(body, undefined, indent).replaceAll('"long number"', '90071992547409.9301'),
  );

test('a page says the same however it comes', () => {
  const parts = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(answer, parts, fc.integer({ min: 1, max: 400 }), (whole, partBytes, pieceBytes) => {
      expect(readInParts(whole, partBytes, pieceBytes)).toEqual(parseExactJson(whole));
    }),
    { numRuns: 3000 },
  );
});

test('a page that breaks off is no page, wherever it does', () => {
  const whole = JSON.stringify({ value: [1, 2, 3].map((n) => ({ '@odata.etag': `${n}`, n })), next: 'link' });
  for (let length = 1; length < whole.length; length++)
    expect(() => readInParts(whole.slice(0, length), 7, 40), whole.slice(0, length)).toThrow(SyntaxError);
});

test('what is no page is read whole, and nothing says nothing', () => {
  expect(readInParts('', 10, 10)).toBeUndefined();
  expect(readInParts('{"UserId":"x"}', 1, 1)).toEqual({ UserId: 'x' });
  expect(() => readInParts('<html>', 2, 2)).toThrow(SyntaxError);
});

test('no more than a piece of a page is ever held as text', () => {
  const row = { '@odata.etag': 'W/"1"', text: 'x'.repeat(500) };
  const whole = JSON.stringify({ value: Array.from({ length: 500 }, () => row), '@odata.nextLink': 'link' });
  const parse = vi.spyOn(JSON, 'parse');
  const read = readInParts(whole, 1000, 10_000) as { value: unknown[] };
  const longest = Math.max(...parse.mock.calls.map(([given]) => given.length));
  parse.mockRestore();
  expect(read.value).toHaveLength(500);
  expect(longest).toBeLessThan(12_000);
});
