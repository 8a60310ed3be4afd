import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareFlags } from '../../commands/compare-flags.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from '../adapters/postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

const attribute = (LogicalName: string, type: string, more = {}) => ({
  ...{ LogicalName, AttributeTypeName: { Value: `${type}Type` }, IsValidForRead: true },
  ...more,
});
const definition = join(mkdtempSync(join(tmpdir(), 'definition-')), 'account.json');
writeFileSync(
  definition,
  JSON.stringify({
    ...{ LogicalName: 'account', EntitySetName: 'accounts', PrimaryIdAttribute: 'accountid' },
    Attributes: [
      attribute('accountid', 'Uniqueidentifier'),
      attribute('name', 'String', { MaxLength: 160 }),
      attribute('revenue', 'Money', { Precision: 2 }),
    ],
  }),
);

async function run(destination: string, ...flags: string[]) {
  const program = ['commands/compare-schema.ts', '--table', 'account', '--definition', definition, ...flags];
  const env = { ...process.env, DESTINATION: destination };
  const result = await promisify(execFile)(process.execPath, program, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
  expect(result.stdout + result.stderr).not.toContain(new URL(destination).password);
  return result;
}

test('the command prints the differences of a database, changes nothing, and ends with 1; where all is equal with 0', async () => {
  const { schema, destination } = await postgres.freshSchema('p');
  const address = new URL(postgres.exporterUrl);
  const flags = ['--schema', schema, '--prefix', 'p'];
  await postgres.admin.query(`CREATE TABLE ${schema}.p_account ("Id" uuid CONSTRAINT mine PRIMARY KEY, "SinkCreatedOn" timestamp,
    "SinkModifiedOn" timestamp, accountid text, name varchar(100), versionnumber bigint, extra boolean);
    ALTER TABLE ${schema}.p_account OWNER TO exporter`);
  await destination.ensureSystemTables({ hasDeleteLog: false });
  for (const _ of 'ab') {
    const { code, stdout } = await run(address.href, ...flags, '--without-delete-log');
    expect(stdout).toBe(`account
  left alone      its key is named "mine", expected "EPK[${schema}].[p_account]"
  will be added   column "revenue" is missing, expected numeric(38,2)
  will be widened column "name" is character varying(100), expected varchar(160)
  IN THE WAY      column "accountid" is text, expected uuid
  left alone      column "extra" (boolean) is not replication's
10 of 11 tables are as they would be made; 5 differences: 2 to be made, 1 in the way, 2 left alone.
`);
    expect(code).toBe(1);
  }
  const { stdout } = await run(address.href, ...flags, '--json');
  expect(JSON.parse(stdout)).toContainEqual({
    ...{ table: 'DeleteLog', isSystemTable: true, differences: [{ kind: 'missing-table' }] },
  });
  await postgres.admin.query(`DROP TABLE ${schema}.p_account`);
  await destination.ensureSystemTables({ hasDeleteLog: true });
  await destination.ensureTable({
    ...{ name: 'account', idSource: 'accountid' },
    columns: [
      { name: 'revenue', type: { kind: 'decimal', scale: 2 } },
      { name: 'accountid', type: { kind: 'guid' } },
      { name: 'name', type: { kind: 'text', maxLength: 160 } },
      { name: 'versionnumber', type: { kind: 'bigint' } },
    ],
  });
  const equal = await run(address.href, ...flags);
  expect(equal).toMatchObject({ code: 0, stdout: '12 of 12 tables are as they would be made.\n' });
});

test('a database that cannot be reached ends the command with 2, without its login', async () => {
  const { code, stderr } = await run('postgres://somebody:very-secret@127.0.0.1:1/reporting');
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^Cannot compare the tables of the destination: the PostgreSQL server is unreachable/,
  );
});

test('bad use is told at once, and no value of the command line is repeated', () => {
  const secret = 'Server=x;Password=very-secret';
  const told = (...flags: string[]) => {
    try {
      compareFlags(flags, {}, () => '');
    } catch (error) {
      expect(String(error)).not.toContain('very-secret');
      return String(error).split('\n')[0];
    }
    return 'nothing';
  };
  expect(told('--table', 'account', '--destination', secret)).toBe('nothing');
  expect(told('--table', 'Account', '--prefix', 'a-b', '--destination', 'very-secret')).toBe(
    'Error: Cannot compare: --table takes the logical name of a table; --prefix takes up to 14 letters, digits and underscores; the destination is neither a connection string nor a URL of PostgreSQL.',
  );
  expect(told('--table', 'account')).toBe('Error: Cannot compare: the destination is missing.');
  expect(told('--destinatoin', secret)).toBe('Error: Cannot compare: --destinatoin cannot be taken so.');
  expect(told(secret)).toBe('Error: Cannot compare: something stands beside the flags.');
});
