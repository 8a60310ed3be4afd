import { afterAll, beforeAll, describe } from 'vitest';
import { itKeepsEveryValue } from '../contracts/exact-values.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

describe('PostgreSQL', () => {
  const rules = {
    decimalDigits: 38,
    // It has no U+0000, and UTF-8 has no lone surrogates.
    text: (sent: string) => sent.replaceAll('\0', '\ufffd').toWellFormed(),
    datetime: (sent: string) => sent.replace(/(\.\d*?)0*Z$/, (_, part) => (part === '.' ? 'Z' : `${part}Z`)),
  };
  itKeepsEveryValue(() => postgres.freshSchema(), rules, 60);
});
