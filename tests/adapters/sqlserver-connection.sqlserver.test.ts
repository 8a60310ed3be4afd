import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction, openPool, type SessionPool } from '../../shared/adapters/sqlserver/connection.ts';
import { readConnectionString } from '../../shared/adapters/sqlserver/connection-string.ts';
import { isRowFaultOfSqlServer } from '../../shared/adapters/sqlserver/error-map.ts';
import { type Session, sql } from '../../shared/adapters/sqlserver/session.ts';
import { openSqlServerUnderTest, type SqlServerUnderTest } from './sqlserver-schema.ts';

let server: SqlServerUnderTest;
beforeAll(async () => {
  server = await openSqlServerUnderTest();
});
afterAll(() => server.close());

const closing: SessionPool[] = [];
afterEach(() => Promise.all(closing.splice(0).map((pool) => pool.close())));

const limits = { connections: 1, connectTimeoutMilliseconds: 10_000, queryTimeoutMilliseconds: 60_000 };
function open(more = '', given = limits): SessionPool {
  const pool = openPool(`${server.connectionString};${more}`, given);
  closing.push(pool);
  return pool;
}

const sessionOf = async (session: Session) => {
  const { rows } = await session.query<{ id: number }>('SELECT CONVERT(int, @@SPID) AS id');
  return rows[0]?.id;
};
const one = async (session: Session, text: string) =>
  Object.values((await session.batch<Record<string, unknown>>(text)).rows[0] ?? {})[0];

/** A table with a key and a check, gone with the transaction. */
const makeTable = (session: Session) =>
  session.batch('CREATE TABLE #t (id int NOT NULL PRIMARY KEY, n int NULL CHECK (n > 0))');

describe('a session of SQL Server', () => {
  it('brings values there and back without loss', async () => {
    const values = {
      bigint: '9223372036854775807',
      uuid: '00000000-0000-4000-8000-00000000abcd',
      long: `${'ä'.repeat(5000)}\ud83d\ude00`,
      empty: '',
      at: new Date('2026-11-28T12:34:56.789Z'),
    };
    const rows = await inTransaction(open(), 'look', async (session) => {
      const parameters = [
        sql.bigint('bigint', values.bigint),
        sql.uuid('uuid', values.uuid.toUpperCase()),
        ...(['long', 'empty'] as const).map((name) => sql.text(name, values[name])),
        sql.datetime2('at', values.at),
        sql.int('none', null),
        sql.bit('yes', true),
      ];
      const text = parameters.map(({ name, type }) =>
        type === 'text' ? `CONVERT(nvarchar(max), @${name}) AS ${name}` : `@${name} AS ${name}`,
      );
      return (await session.query(`SELECT ${text.join(', ')}`, parameters)).rows;
    });
    expect(rows).toEqual([{ ...values, none: null, yes: true }]);
  });

  it('has the settings that replication was written for', async () => {
    await inTransaction(open(), 'look', async (session) => {
      expect(await one(session, 'SELECT @@LOCK_TIMEOUT AS n')).toBe(30_000);
      expect(await one(session, 'SELECT @@TRANCOUNT AS n')).toBe(1);
      expect(await one(session, "SELECT CASE 16384 & @@OPTIONS WHEN 0 THEN 'off' ELSE 'on' END AS x")).toBe(
        'off',
      );
      // Day and month are not told apart by a setting of the login.
      expect(await one(session, "SELECT DATEPART(month, CONVERT(datetime, '2026-02-01')) AS x")).toBe(2);
    });
  });

  it('has nothing of the transaction before it', async () => {
    const pool = open();
    const ids = await Promise.all(
      [0, 1].map(() =>
        inTransaction(pool, 'stage rows', async (session) => {
          await makeTable(session);
          await session.batch('SET LOCK_TIMEOUT 1');
          return sessionOf(session);
        }),
      ),
    );
    expect(ids[0]).toBe(ids[1]);
    await inTransaction(pool, 'look', async (session) => {
      expect(await one(session, 'SELECT @@LOCK_TIMEOUT AS n')).toBe(30_000);
    });
  });

  it('goes on in its transaction after the fault of a row', async () => {
    await inTransaction(open(), 'write rows', async (session) => {
      await makeTable(session);
      await session.batch('INSERT INTO #t VALUES (1, 1)');
      for (const refused of ['(1, 2)', '(2, -1)', '(NULL, 1)']) {
        const error: unknown = await session.batch(`INSERT INTO #t VALUES ${refused}`).catch((e) => e);
        expect([refused, isRowFaultOfSqlServer(error)]).toEqual([refused, true]);
      }
      await session.batch('INSERT INTO #t VALUES (3, 3)');
      expect(await one(session, 'SELECT COUNT(*) AS n FROM #t')).toBe(2);
    });
  });

  it('lets no statement be committed by itself after the server has ended its transaction', async () => {
    const { schema } = await server.freshSchema();
    const passing = inTransaction(open(), 'write rows', async (session) => {
      await session.batch(`CREATE TABLE ${schema}.t (id int NOT NULL)`);
      await session.batch(`INSERT INTO ${schema}.t VALUES (CONVERT(int, N'x'))`).catch(() => undefined);
      await session.batch(`CREATE TABLE ${schema}.u (id int NOT NULL)`);
    });
    await expect(passing).rejects.toThrow('The server has ended the transaction');
    const tables = await server.admin(
      `SELECT name FROM sys.tables WHERE SCHEMA_NAME(schema_id) = '${schema}'`,
    );
    expect(tables).toEqual([]);
  });
});

describe('a transaction of SQL Server', () => {
  it('is kept when its work is done, and else not', async () => {
    const { schema } = await server.freshSchema();
    const pool = open();
    const make = (name: string, isKept: boolean, failure?: Error) =>
      inTransaction(
        pool,
        'do it',
        async (session) => {
          await session.batch(`CREATE TABLE ${schema}.${name} (id int NOT NULL)`);
          if (failure) throw failure;
        },
        { isKept },
      );
    await make('kept', true);
    await make('tried', false);
    await expect(make('failed', true, new TypeError('a mistake'))).rejects.toThrow('a mistake');
    const tables = await server.admin(
      `SELECT name FROM sys.tables WHERE SCHEMA_NAME(schema_id) = '${schema}'`,
    );
    expect(tables).toEqual([{ name: 'kept' }]);
  });

  it('uses its connection again after a statement that failed, and not after a mistake of the program', async () => {
    const pool = open();
    const seen: unknown[] = [];
    const failing = (text: string, failure?: Error) =>
      inTransaction(pool, 'do it', async (session) => {
        seen.push(await sessionOf(session));
        await session.batch(text);
        if (failure) throw failure;
      }).catch((error: unknown) => error);
    expect(await failing('SELECT 1 / 0 AS x')).toMatchObject({ code: 'DESTINATION_FAILED' });
    expect(await failing('SELECT 1 AS x', new TypeError('a mistake'))).toBeInstanceOf(TypeError);
    await failing('SELECT 1 AS x');
    expect(seen[0]).toBe(seen[1]);
    expect(seen[1]).not.toBe(seen[2]);
  });
});

describe('a login of SQL Server', () => {
  it.each([
    ['Password=wrong', 'DESTINATION_LOGIN_FAILED'],
    ['Database=test_nowhere', 'DESTINATION_DATABASE_MISSING'],
    ['Server=127.0.0.1,9', 'DESTINATION_UNREACHABLE'],
  ])('with %s is %s', async (more, code) => {
    await expect(inTransaction(open(more), 'do it', sessionOf)).rejects.toMatchObject({ code });
  });

  it('over TLS tells when the certificate of the server ends', async () => {
    const { options } = readConnectionString(server.connectionString);
    const end = await inTransaction(open(), 'look', async (session) => session.certificateEnd);
    if (options.encrypt === false) expect(end).toBeUndefined();
    else expect(end?.getTime()).toBeGreaterThan(Date.now());
  });
});
