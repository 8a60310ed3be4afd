import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testLimits } from '../../shared/adapters/sql/pool-limits.ts';
import { openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { testDestination } from '../../shared/adapters/sqlserver/test-destination.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { ColumnType, DestinationTable } from '../../shared/model/table-schema.ts';
import { aTable } from '../contracts/destination-start.ts';
import { openSqlServerUnderTest, type SqlServerUnderTest } from './sqlserver-schema.ts';

let server: SqlServerUnderTest;
beforeAll(async () => {
  server = await openSqlServerUnderTest();
});
afterAll(() => server.close());

/** A new login may take long to answer its first statements on a server that is not the real one. */
const limits = { ...testLimits, queryTimeoutMilliseconds: 60_000 };
async function test(schema: string, tables: readonly DestinationTable[], more = '') {
  const pool = openPool(`${server.connectionString};${more}`, limits);
  try {
    return await testDestination(pool, { schema, prefix: '' }, tables);
  } finally {
    await pool.close();
  }
}
const worse = (findings: readonly Finding[]) =>
  findings
    .filter(({ severity, message }) => severity !== 'ok' && !message.includes('is older than 13'))
    .map(({ code, message }) => [code, message]);

const tableOf = (name: string, types: readonly ColumnType[]): DestinationTable => ({
  name,
  idSource: `${name}id`,
  columns: types.map((type, index) => ({ name: `c${index}`, type })),
});

describe('a test of SQL Server', () => {
  it('finds nothing in the way of a schema that is there or can be made, and leaves nothing behind', async () => {
    const { schema } = await server.freshSchema();
    const left = `SELECT name FROM sys.schemas WHERE name LIKE '${schema}%' UNION ALL
      SELECT name FROM sys.objects WHERE SCHEMA_NAME(schema_id) = '${schema}'`;
    for (const name of [schema, `${schema}_more`]) {
      const findings = await test(name, [aTable]);
      expect(worse(findings)).toEqual([]);
      expect(findings.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^Connected to SQL Server \d+\.\d+\.\d+\.\d+, database "\w+", as "\w+"\.$/),
        ...findings.flatMap(({ message }) => (message.includes('older') ? [message] : [])),
        `A table was made in schema "${name}", altered, written, and taken back.`,
        'Nothing stands in the way of the tables: 0 of 1 exist, 1 will be made.',
      ]);
    }
    expect(await server.admin(left)).toEqual([{ name: schema }]);
  });

  it('names what has the name of a table, a column of another type, and a foreign table of its own', async () => {
    const { schema } = await server.freshSchema();
    await server.admin(`CREATE VIEW ${schema}.a AS SELECT 1 AS one`);
    await server.admin(`CREATE TABLE ${schema}.b (Id uniqueidentifier NOT NULL)`);
    await server.admin(
      `CREATE TABLE ${schema}.c (Id uniqueidentifier NOT NULL PRIMARY KEY, SinkCreatedOn datetime, SinkModifiedOn datetime, c0 int)`,
    );
    await server.admin(`CREATE TABLE ${schema}.DeleteLog (RecordId nvarchar(64))`);
    const tables = ['a', 'b', 'c'].map((name) => tableOf(name, [{ kind: 'guid' }]));
    const found = worse(await test(schema, tables));
    expect(found.map(([code]) => code)).toEqual(Array(4).fill('DESTINATION_TABLE_CONFLICT'));
    expect(found.map(([, message]) => message)).toEqual([
      'Cannot use table "DeleteLog" for replication\'s own records: a table without column "Id", column "EntityName", column "SinkDeleteTime", column "VersionNumber" has its name.',
      'Cannot use table "a": a view has its name.',
      'Cannot use table "b": a table without a primary key on "Id" has its name.',
      'Cannot use table "c": column "c0" is int, expected uniqueidentifier.',
    ]);
  });

  it('warns of rows that can be too wide, and refuses too many columns', async () => {
    const { schema } = await server.freshSchema();
    const decimals = Array.from({ length: 480 }, (): ColumnType => ({ kind: 'decimal', scale: 4 }));
    const booleans = Array.from({ length: 1022 }, (): ColumnType => ({ kind: 'boolean' }));
    const found = worse(await test(schema, [tableOf('wide', decimals), tableOf('many', booleans)]));
    expect(found).toEqual([
      [
        'ROW_TOO_WIDE',
        expect.stringMatching(
          /^Cannot write every row of table "wide": with values in all 483 columns it takes up to 8\d\d\d bytes, SQL Server takes 8060; /,
        ),
      ],
      ['ROW_TOO_WIDE', 'Cannot make or alter table "many": it needs 1025 columns; SQL Server takes 1024.'],
    ]);
  });

  it('tells a login that is refused, and nothing else', async () => {
    const found = await test('dbo', [aTable], 'Password=wrong');
    expect(found.map(({ code }) => code)).toEqual(['DESTINATION_LOGIN_FAILED']);
  });
});
