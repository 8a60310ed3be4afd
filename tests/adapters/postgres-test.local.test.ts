import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import { rowLimits } from '../../shared/adapters/postgres/row-limits.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { ColumnType, DestinationTable } from '../../shared/model/table-schema.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import { rowWidth } from '../../shared/schema/row-width.ts';
import { aTable } from '../contracts/destination-start.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
const opened: Destination[] = [];
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await postgres.close();
});

const ask = async (text: string) => (await postgres.admin.query<Record<string, string | null>>(text)).rows;
const worse = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity !== 'ok').map(({ code, message }) => [code, message]);

/** A schema, and a login that has nothing but what the test grants it. */
async function guestIn(grants: (schema: string, guest: string) => string) {
  const { schema } = await postgres.freshSchema();
  const guest = `guest_${schema}`;
  await postgres.admin.query(`CREATE ROLE ${guest} LOGIN PASSWORD 'guest';
    GRANT CONNECT, TEMP ON DATABASE reporting TO ${guest}; ${grants(schema, guest)}`);
  const url = Object.assign(new URL(postgres.exporterUrl), { username: guest, password: 'guest' });
  const open = (namespace = { schema, prefix: '' }, database = 'reporting') => {
    const { href } = Object.assign(new URL(url), { pathname: `/${database}` });
    const destination = postgresDestinations().open(href, namespace);
    opened.push(destination);
    return destination;
  };
  return { schema, guest, destination: open(), open };
}
const own = '"Id" uuid PRIMARY KEY, "SinkCreatedOn" timestamp, "SinkModifiedOn" timestamp';
const all = (schema: string, guest: string) => `GRANT ALL ON SCHEMA ${schema} TO ${guest};`;

const tableOf = (name: string, types: readonly ColumnType[]): DestinationTable => ({
  name,
  idSource: `${name}id`,
  columns: types.map((type, index) => ({ name: `c${index}`, type })),
});

describe('a test of PostgreSQL names', () => {
  it('each privilege that is missing, of every table', async () => {
    const { schema, guest, destination } = await guestIn(all);
    await postgres.admin.query(`CREATE TABLE ${schema}.account (${own});
      CREATE TABLE ${schema}.contact (${own}); GRANT SELECT, UPDATE ON ${schema}.account TO ${guest};`);
    const tables = [tableOf('account', []), tableOf('contact', [{ kind: 'integer' }, { kind: 'boolean' }])];
    const missing = 'DESTINATION_PERMISSION_MISSING';
    expect(worse(await destination.test(tables))).toEqual([
      [missing, `Cannot use table "account": login "${guest}" lacks INSERT, DELETE on it.`],
      [
        missing,
        'Cannot alter table "account": the login does not own it; the table will stop when Dataverse adds or widens a column.',
      ],
      [missing, `Cannot use table "contact": login "${guest}" lacks SELECT, INSERT, UPDATE, DELETE on it.`],
      [
        missing,
        'Cannot alter table "contact": the login does not own it, and column "c0", column "c1" must be added or widened.',
      ],
    ]);
  });

  it('each permission that is missing on the database and the schema, beside conflicts of tables', async () => {
    const { schema, guest, destination, open } = await guestIn(
      (name, login) => `GRANT USAGE ON SCHEMA ${name} TO ${login};`,
    );
    await postgres.admin.query(`CREATE VIEW ${schema}.account AS SELECT 1 AS one`);
    const missing = 'DESTINATION_PERMISSION_MISSING';
    expect(worse(await destination.test([aTable]))).toEqual([
      [missing, `Cannot make tables in schema "${schema}": login "${guest}" lacks CREATE on it.`],
      ['DESTINATION_TABLE_CONFLICT', 'Cannot use table "account": a view has its name.'],
    ]);
    await postgres.admin.query(`REVOKE TEMP ON DATABASE reporting FROM ${guest}`);
    expect(worse(await open({ schema: 'nowhere', prefix: '' }).test([aTable]))).toEqual([
      [missing, `Cannot stage rows: login "${guest}" lacks TEMP on database "reporting".`],
      [
        missing,
        `Cannot make schema "nowhere", which does not exist: login "${guest}" lacks CREATE on database "reporting".`,
      ],
    ]);
  });

  it('what has the name of a table', async () => {
    const { schema, destination } = await guestIn(all);
    await postgres.admin.query(`CREATE MATERIALIZED VIEW ${schema}.a AS SELECT 1; CREATE SEQUENCE ${schema}.b;
      CREATE TYPE ${schema}.c AS (x int); CREATE INDEX d ON ${schema}.a ((1)); CREATE TABLE ${schema}.e ("Id" uuid)`);
    const names = worse(await destination.test(['a', 'b', 'c', 'd', 'e'].map((name) => tableOf(name, []))));
    expect(names.map(([, message]) => message)).toEqual([
      'Cannot use table "a": a materialized view has its name.',
      'Cannot use table "b": a sequence has its name.',
      'Cannot use table "c": a type has its name.',
      'Cannot use table "d": an index has its name.',
      'Cannot use table "e": a table without a primary key on "Id" has its name.',
    ]);
  });

  it('names that differ only in case, and a foreign table in the place of one of its own', async () => {
    const { schema, destination, open } = await guestIn(all);
    await postgres.admin.query(
      `CREATE TABLE ${schema}."Account" (); CREATE TABLE ${schema}."DeleteLog" ("RecordId" uuid)`,
    );
    const found = worse(await destination.test([aTable]));
    expect(found.map(([, message]) => message)).toEqual([
      'Cannot use table "DeleteLog" for replication\'s own records: a table without column "Id", column "EntityName", column "SinkDeleteTime", column "VersionNumber" has its name.',
      'Table "Account" stands in the same schema; its name differs from that of a table of the profile only in case.',
    ]);
    const elsewhere = worse(await open({ schema: schema.toUpperCase(), prefix: '' }).test([]));
    expect(elsewhere[1]?.[1]).toContain(`though there is "${schema}", which differs only in case`);
  });

  it('a column of another type', async () => {
    const { schema, destination } = await guestIn(all);
    await postgres.admin.query(`CREATE TABLE ${schema}.account (${own}, c0 integer)`);
    expect(worse(await destination.test([tableOf('account', [{ kind: 'guid' }])]))).toContainEqual([
      'DESTINATION_TABLE_CONFLICT',
      'Cannot use table "account": column "c0" is integer, expected uuid.',
    ]);
  });
});

describe('a test of PostgreSQL', () => {
  it('tells a database that takes no writes, and one that does not take every character', async () => {
    const { guest, destination, open } = await guestIn(all);
    const { schema } = await postgres.freshSchema();
    await postgres.admin.query(`ALTER ROLE ${guest} SET default_transaction_read_only = on`);
    expect((await destination.test([])).map(({ code }) => code)).toContain('DESTINATION_READ_ONLY');
    await postgres.admin.query(`ALTER ROLE ${guest} SET default_transaction_read_only = off`);
    await postgres.admin.query(
      `CREATE DATABASE ${schema} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0 OWNER ${guest}`,
    );
    expect(worse(await open({ schema: 'dbo', prefix: '' }, schema).test([aTable]))).toEqual([
      [
        undefined,
        'The database is encoded in LATIN1: rows with other characters are rejected; UTF8 takes all.',
      ],
    ]);
    const inside = new URL(inject('database'));
    inside.pathname = `/${schema}`;
    const admin = new Client({ connectionString: inside.href });
    await admin.connect();
    await admin.query('REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC');
    await admin.end();
    expect(worse(await open({ schema: 'dbo', prefix: '' }, schema).test([aTable]))).toContainEqual([
      'DESTINATION_PERMISSION_MISSING',
      `Cannot tell refused rows from others: login "${guest}" lacks USAGE on language plpgsql.`,
    ]);
  });

  it('logs in anew: a connection that is kept says nothing of a password that was changed', async () => {
    const { guest, destination } = await guestIn(all);
    expect(worse(await destination.test([]))).toEqual([]);
    await postgres.admin.query(`ALTER ROLE ${guest} PASSWORD 'changed'`);
    expect((await destination.test([])).map(({ code }) => code)).toEqual(['DESTINATION_LOGIN_FAILED']);
  });

  it('answers twenty times at once with few connections, and leaves nothing behind', async () => {
    const { schema, guest, destination } = await guestIn(all);
    await destination.ensureSystemTables({ hasDeleteLog: true });
    await destination.ensureTable(aTable);
    await postgres.admin.query(`ALTER ROLE ${guest} CONNECTION LIMIT 6`);
    const catalogs = `SELECT (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = '${schema}'::regnamespace) AS tables,
      (SELECT count(*) FROM pg_namespace WHERE nspowner = '${guest}'::regrole) AS schemas, (SELECT count(*) FROM pg_proc WHERE pronamespace = '${schema}'::regnamespace) AS functions,
      (SELECT count(*) FROM ${schema}.account) AS rows, (SELECT count(*) FROM ${schema}."ReplicationCheckpoint") AS checkpoints`;
    const before = await ask(catalogs);
    const twenty = await Promise.all(
      Array.from({ length: 20 }, () => destination.test([aTable, tableOf('contact', [])])),
    );
    expect(twenty.flatMap(worse)).toEqual([]);
    expect(await ask(catalogs)).toEqual(before);
    const connections = async () =>
      (await ask(`SELECT 1 FROM pg_stat_activity WHERE usename = '${guest}' AND state <> 'idle'`)).length;
    await expect.poll(connections).toBe(0);
  });
});

describe('the limits of a row in PostgreSQL', () => {
  const kinds: readonly ColumnType[] = [
    { kind: 'guid' },
    { kind: 'integer' },
    { kind: 'boolean' },
    { kind: 'bigint' },
    { kind: 'text', maxLength: 100 },
    { kind: 'text' },
    { kind: 'decimal', scale: 10 },
    { kind: 'datetime' },
    { kind: 'text', maxLength: 2 },
  ];
  // Four bytes a character, or too random to be compressed.
  const longText = (length: number) =>
    length < 6 ? '𝄞'.repeat(length) : randomBytes(length / 2).toString('hex');
  const longValue = (type: ColumnType): string => {
    switch (type.kind) {
      case 'guid':
        return 'gen_random_uuid()';
      case 'text':
        return `'${longText(type.maxLength ?? 1000)}'`;
      case 'decimal':
        return '1234567890123456789012345678.0123456789';
      case 'datetime':
        return 'now()';
      default:
        return type.kind === 'boolean' ? 'true' : '1';
    }
  };
  const widthOf = (types: readonly ColumnType[]) => rowWidth(tableOf('x', types), rowLimits);

  it.each([
    ['guids', [{ kind: 'guid' }]],
    ['texts', [{ kind: 'text', maxLength: 100 }]],
    ['decimals', [{ kind: 'decimal', scale: 10 }]],
    ['all kinds', kinds],
  ] as readonly (readonly [string, readonly ColumnType[]])[])(
    'are those of the server: %s',
    async (_, cycle) => {
      const upTo = (bytes: number) => {
        const types: ColumnType[] = [{ kind: 'boolean' }];
        const next = () => cycle[types.length % cycle.length] as ColumnType;
        while (widthOf([...types, next()]).bytes <= bytes) types.push(next());
        return [types, [...types, next()]] as const;
      };
      const { schema, destination } = await postgres.freshSchema();
      await destination.ensureSystemTables({ hasDeleteLog: false });
      const write = async (name: string, all: readonly ColumnType[]) => {
        const table = tableOf(name, all);
        const found = await destination.test([table]);
        await destination.ensureTable(table);
        // One column is null: the row's head then tells which.
        const values = all.map((type, index) => (index === 0 ? 'NULL' : longValue(type)));
        const row = ['gen_random_uuid()', 'now()', 'now()', ...values].join(', ');
        const outcome = await postgres.admin.query(`INSERT INTO ${schema}.${name} VALUES (${row})`).then(
          () => 'written',
          (error: { code: string }) => error.code,
        );
        return [outcome, worse(found).map(([code]) => code)];
      };
      expect(await write('fits', upTo(rowLimits.bytes)[0])).toEqual(['written', []]);
      // The column that is null takes nothing, and what follows it may move up by as much as eight bytes.
      expect(await write('wider', upTo(rowLimits.bytes + 8)[1])).toEqual(['54000', ['ROW_TOO_WIDE']]);
    },
  );

  it('are told before a table is made with too many columns', async () => {
    const { destination } = await postgres.freshSchema();
    const types: ColumnType[] = Array.from({ length: 1597 }, () => ({ kind: 'boolean' }));
    expect(worse(await destination.test([tableOf('account', types)]))).toEqual([]);
    const tooMany = tableOf('account', [...types, { kind: 'boolean' }]);
    expect(worse(await destination.test([tooMany]))).toEqual([
      [
        'ROW_TOO_WIDE',
        'Cannot make or alter table "account": it needs 1601 columns; PostgreSQL takes 1600, dropped ones included.',
      ],
    ]);
    await destination.ensureSystemTables({ hasDeleteLog: false });
    await expect(destination.ensureTable(tooMany)).rejects.toThrow('54011');
    await destination.ensureTable(tableOf('account', types));
    expect(worse(await destination.test([tooMany]))).toHaveLength(1);
  });
});
