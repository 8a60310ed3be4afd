import { expect, test } from 'vitest';
import { misfitsOf } from '../../shared/adapters/sqlserver/misfits.ts';
import { pageRows } from '../../shared/adapters/sqlserver/row-values.ts';
import type { Session } from '../../shared/adapters/sqlserver/session.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';

const table: DestinationTable = {
  name: 'account',
  idSource: 'accountid',
  columns: [{ name: 'revenue', type: { kind: 'decimal', scale: 10 }, source: 'revenue' }],
};

/** How often the catalog is asked for a page with this value. */
async function questionsFor(revenue: string): Promise<number> {
  let count = 0;
  const session = {
    query: async () => {
      count++;
      return { rows: [], rowCount: 0 };
    },
  } as unknown as Session;
  const row = { accountid: '00000000-0000-4000-8000-000000000001', revenue };
  await misfitsOf(session, { namespace: { schema: 'dbo', prefix: '' }, table }, pageRows(table, [row]));
  return count;
}

test('money with all its decimals needs no question to the catalog', async () => {
  expect(await questionsFor('922337203685477.5807000000')).toBe(0);
  expect(await questionsFor('-922337203685477.5807000000')).toBe(0);
});

test('a number beyond any of Dataverse is compared with the column that is there', async () => {
  expect(await questionsFor('1234567890123456789')).toBeGreaterThan(0);
  expect(await questionsFor('1E+30')).toBeGreaterThan(0);
});
