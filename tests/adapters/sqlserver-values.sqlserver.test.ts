import { afterAll, beforeAll, describe } from 'vitest';
import { itKeepsEveryValue } from '../contracts/exact-values.ts';
import { openSqlServerUnderTest, type SqlServerUnderTest } from './sqlserver-schema.ts';

let server: SqlServerUnderTest;
beforeAll(async () => {
  server = await openSqlServerUnderTest();
  if (server.isBabelfish)
    console.warn('Decimals are tried with 37 digits: Babelfish has no room for 38 and a minus.');
});
afterAll(() => server.close());

/** `datetime` has three hundredths of a second and begins in 1753; shown with three digits, and none where all are zero. */
function datetimeOf(sent: string): string {
  const [whole = '', fraction = ''] = sent.slice(0, -1).split('.');
  if (whole < '1753') return '1753-01-01T00:00:00Z';
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const ticks = Math.round((milliseconds * 3) / 10);
  const end = Date.parse('9999-12-31T23:59:59.997Z');
  const stored = Math.min(Date.parse(`${whole}Z`) + Math.round((ticks * 10) / 3), end);
  return new Date(stored)
    .toISOString()
    .replace(/(\.\d*?)0*Z$/, (_, part) => (part === '.' ? 'Z' : `${part}Z`));
}

describe('SQL Server', () => {
  const rules = {
    text: (sent: string) => sent.replaceAll('\0', '\ufffd').toWellFormed(),
    datetime: datetimeOf,
    get decimalDigits() {
      return server.isBabelfish ? 37 : 38;
    },
  };
  itKeepsEveryValue(() => server.freshSchema(), rules, 20);
});
