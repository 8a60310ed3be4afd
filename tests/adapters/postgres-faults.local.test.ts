import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import type { Row } from '../../shared/model/change.ts';
import type { Checkpoint } from '../../shared/model/checkpoint.ts';
import { aTable, idOf, later, rowOf, startDestination } from '../contracts/destination-start.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

async function start() {
  const under = await postgres.freshSchema();
  return { account: `${under.schema}.account`, ...(await startDestination(async () => under)) };
}

const run = (text: string) => postgres.admin.query(text);

describe('a row that PostgreSQL refuses', () => {
  const faults: readonly (readonly [string, string, (account: string) => string])[] = [
    [
      'ROW_CONSTRAINT_VIOLATED',
      'constraint "no_secret" refused it (23514)',
      (account) => `ALTER TABLE ${account} ADD CONSTRAINT no_secret CHECK (name NOT LIKE 'SECRET%')`,
    ],
    [
      'ROW_CONSTRAINT_VIOLATED',
      'column "ownerid" must not be null (23502)',
      (account) => `ALTER TABLE ${account} ALTER ownerid SET NOT NULL`,
    ],
    [
      'ROW_CONSTRAINT_VIOLATED',
      'constraint "only_one" refused it (23505)',
      (account) =>
        `ALTER TABLE ${account} ADD CONSTRAINT only_one UNIQUE (name) DEFERRABLE INITIALLY DEFERRED;
       INSERT INTO ${account} ("Id", name) VALUES (gen_random_uuid(), 'SECRET')`,
    ],
    [
      'ROW_REFUSED',
      'a trigger refused it (P0001)',
      (account) =>
        `CREATE FUNCTION ${account}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.name LIKE 'SECRET%' THEN RAISE EXCEPTION 'not this one: %', NEW.name; END IF; RETURN NEW; END $$;
       CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ${account} FOR EACH ROW EXECUTE FUNCTION ${account}_refuse()`,
    ],
    [
      'ROW_REFUSED',
      'a trigger refused it (P0001)',
      (account) =>
        `CREATE FUNCTION ${account}_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.name LIKE 'SECRET%' THEN RAISE EXCEPTION 'too late: %', NEW.name; END IF; RETURN NEW; END $$;
       CREATE CONSTRAINT TRIGGER late AFTER INSERT ON ${account} DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION ${account}_late()`,
    ],
    [
      'ROW_REFUSED',
      'a trigger refused it (P0004)',
      (account) =>
        `CREATE FUNCTION ${account}_doubt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         ASSERT NEW.name NOT LIKE 'SECRET%', NEW.name; RETURN NEW; END $$;
       CREATE TRIGGER doubt BEFORE INSERT ON ${account} FOR EACH ROW EXECUTE FUNCTION ${account}_doubt()`,
    ],
    [
      'ROW_NUMBER_OUT_OF_RANGE',
      'a number is out of range for its column (22003)',
      (account) => `ALTER TABLE ${account} ALTER revenue TYPE numeric(5,2)`,
    ],
    [
      'ROW_TOO_WIDE',
      'the row is too big for PostgreSQL (54000)',
      (account) => `CREATE INDEX ON ${account} (description)`,
    ],
  ];

  it.each(faults)('is rejected with %s: %s', async (code, wrong, disturb) => {
    const { account, first, write, names } = await start();
    await run(disturb(account));
    const owner = { _ownerid_value: idOf(7) };
    const bad = { name: 'SECRET', revenue: 12345678, description: randomBytes(9000).toString('base64') };
    const rows = [
      rowOf(1, 1, owner),
      rowOf(2, 2, { ...bad, ...(wrong.includes('ownerid') ? {} : owner) }),
      rowOf(3, 3, owner),
    ];
    const result = await write(first, { rows });
    expect(result).toMatchObject({ writtenCount: 2, checkpoint: { successCount: 2 } });
    const reason = `Cannot write row "${idOf(2)}" of table "account": ${wrong}.`;
    expect(result.rejected).toMatchObject([{ id: idOf(2), code, reason }]);
    expect(JSON.stringify(result)).not.toContain('SECRET');
    expect(Object.keys(await names())).toEqual(expect.arrayContaining([idOf(1), idOf(3)]));
  });

  it('is found among thousands, each of them', async () => {
    const { account, first, write } = await start();
    await run(
      `ALTER TABLE ${account} ADD CONSTRAINT refused CHECK (statecode IS NULL OR statecode % 137 <> 0)`,
    );
    const rows = Array.from({ length: 3000 }, (_, index) => rowOf(index, index + 1, { statecode: index }));
    const { rejected, writtenCount } = await write(first, { rows });
    const expected = rows.flatMap(({ statecode }) =>
      Number(statecode) % 137 === 0 ? [idOf(Number(statecode))] : [],
    );
    expect(rejected.map(({ id }) => id).sort()).toEqual(expected);
    expect(writtenCount).toBe(rows.length - expected.length);
  });

  it('costs no statement more when there are thousands, also where their deletes are refused', async () => {
    const { account, first, write } = await start();
    const query = vi.spyOn(pg.Client.prototype, 'query');
    const statementsOf = async (page: Parameters<typeof write>[1], turn: Checkpoint) => {
      query.mockClear();
      const { rejected, checkpoint } = await write(turn, page);
      return { rejected: rejected.length, statements: query.mock.calls.length, checkpoint };
    };
    const good = Array.from({ length: 3000 }, (_, index) => rowOf(index, index + 1));
    const bad = good.map((row, index) => ({ ...row, name: `far too long for this column ${index}` }));
    const one = await statementsOf({ rows: [...good.slice(1), ...bad.slice(0, 1)] }, first);
    const all = await statementsOf(
      { rows: bad.map((row) => ({ ...row, versionnumber: 5000 })) },
      one.checkpoint,
    );
    expect([one.rejected, all.rejected]).toEqual([1, 3000]);
    expect(all.statements).toBe(one.statements);
    await run(`CREATE TABLE ${account}_referring (id uuid REFERENCES ${account});
      INSERT INTO ${account}_referring SELECT "Id" FROM ${account}`);
    const deletedIds = good.map((_, index) => idOf(index));
    const kept = await statementsOf({ deletedIds }, all.checkpoint);
    expect(kept.rejected).toBe(2999);
    expect(kept.statements).toBeLessThan(one.statements);
    query.mockRestore();
  });

  it('for the width of a row, is told while the others arrive as they would without it', async () => {
    const names = Array.from({ length: 450 }, (_, index) => `short${index}`);
    const table = {
      ...aTable,
      columns: [
        ...aTable.columns,
        ...names.map((name) => ({ name, type: { kind: 'text', maxLength: 20 }, source: name }) as const),
      ],
    };
    const wide = Object.fromEntries(names.map((name) => [name, 'x'.repeat(20)]));
    const others = [
      rowOf(1, '9007199254740993', { name: '', description: 'a\0b\tc\\nd\n"e"\\ \ud800 \u{1f600} ä' }),
      rowOf(2, 2, { statecode: -7, donotphone: false, _ownerid_value: idOf(9), createdon: '0001-01-01' }),
      rowOf(3, 3, {
        revenue: '12345678901234567890123456789012.3456',
        createdon: '9999-12-31T23:59:59.9999999Z',
      }),
    ];
    const written = async (rows: readonly Row[]) => {
      const { rows: stored, first, write } = await startDestination(() => postgres.freshSchema(), table);
      const { rejected } = await write(first, { table, rows });
      return { rejected, stored: await stored('account') };
    };
    const alone = await written(others);
    const beside = await written([others[0] ?? {}, rowOf(4, 4, wide), ...others.slice(1)]);
    expect(beside.rejected).toMatchObject([{ id: idOf(4), code: 'ROW_TOO_WIDE' }]);
    expect(beside.stored).toHaveLength(3);
    expect(beside.stored).toEqual(alone.stored);
  });
});

describe('a table that refuses every row of a page', () => {
  const rows = Array.from({ length: 1000 }, (_, index) => rowOf(index, index + 1, { statecode: index }));

  it.each([
    ['ADD COLUMN extra text NOT NULL', 'column "extra" must not be null (23502)'],
    ['ADD CONSTRAINT none CHECK (statecode < 0)', 'constraint "none" refused it (23514)'],
  ])('is at fault, and no row is: %s', async (change, wrong) => {
    const { account, first, write, destination, due } = await start();
    await run(`ALTER TABLE ${account} ${change}`);
    await expect(write(first, { rows })).rejects.toMatchObject({
      code: 'DESTINATION_TABLE_CONFLICT',
      message: `Cannot write table "account": it refuses every row of a page; ${wrong}.`,
    });
    expect(await destination.checkpoint('account')).toEqual(first);
    expect(await due(later)).toEqual([]);
  });

  it('is not at fault when later rows of the page are accepted', async () => {
    const { account, first, write } = await start();
    await run(`ALTER TABLE ${account} ADD CONSTRAINT many CHECK (statecode >= 300)`);
    const { rejected, writtenCount, checkpoint } = await write(first, { rows });
    expect([rejected.length, writtenCount, checkpoint.successCount]).toEqual([300, 700, 700]);
  });

  it('is not at fault for texts that are too long, however many: each is told its column', async () => {
    const { first, write } = await start();
    const long = rows.slice(0, 250).map((row) => ({ ...row, name: 'far too long for this column' }));
    const { rejected } = await write(first, { rows: long });
    expect(rejected).toHaveLength(250);
    expect(rejected[249]?.reason).toContain('column "name" holds at most 20 characters, received 28');
  });
});

describe('a database that is not encoded in UTF-8', () => {
  it('rejects the rows that it cannot hold, also from the middle of a long page, and its test says so', async () => {
    const { schema } = await postgres.freshSchema();
    await run(`CREATE DATABASE ${schema} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0 OWNER exporter`);
    const url = new URL(postgres.exporterUrl);
    url.pathname = `/${schema}`;
    const destination = postgresDestinations().open(url.href, { schema: 'dbo', prefix: '' });
    await destination.ensureSystemTables({ hasDeleteLog: false });
    await destination.ensureTable(aTable);
    const { checkpoint: turn } = await destination.claim('account', { profileId: idOf(1), activation: 1 });
    const description = 'ä'.repeat(5000);
    const rows = Array.from({ length: 1500 }, (_, index) => rowOf(index, 1, { description }));
    const bad = [rowOf(2001, 2, { name: '😀' }), rowOf(2002, 2, { name: '€' })];
    const { rejected, writtenCount } = await destination.writePage({
      table: aTable,
      turn,
      advance: {},
      rows: [...bad, ...rows],
      deletedIds: [],
      mode: 'newer',
      readAt: later,
      isDeleteLogged: false,
      nextAttemptAt: later,
    });
    expect(rejected.map(({ id, code }) => `${id} ${code}`)).toEqual(
      [2001, 2002].map((number) => `${idOf(number)} ROW_VALUE_INVALID`),
    );
    expect(writtenCount).toBe(1500);
    expect((await destination.test([])).map(({ severity }) => severity)).toEqual(['ok', 'warning', 'ok']);
    await destination.close();
    await run(`DROP DATABASE ${schema}`);
  });
});

describe('a fault of PostgreSQL', () => {
  it('that comes up while refused rows are looked for blames no row', async () => {
    const { account, first, write, destination, due } = await start();
    await run(`CREATE FUNCTION ${account}_deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.name = 'deadlock' THEN RAISE SQLSTATE '40P01'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER deadlock BEFORE INSERT ON ${account} FOR EACH ROW EXECUTE FUNCTION ${account}_deadlock()`);
    const rows = [rowOf(1, 1, { name: 'far too long for this column' }), rowOf(2, 2, { name: 'deadlock' })];
    await expect(write(first, { rows })).rejects.toMatchObject({ code: 'DESTINATION_BUSY' });
    expect(await destination.checkpoint('account')).toEqual(first);
    expect(await due(later)).toEqual([]);
  });

  async function whileLocked(account: string, act: () => Promise<unknown>, disturb: string) {
    await run(`BEGIN; LOCK TABLE ${account} IN ACCESS EXCLUSIVE MODE`);
    try {
      const acting = act().catch((error: unknown) => error);
      const waiting = `SELECT pid FROM pg_stat_activity a WHERE EXISTS (SELECT 1 FROM pg_locks l
        WHERE l.pid = a.pid AND NOT l.granted AND l.relation = '${account}'::regclass)`;
      // The statistics of a transaction are a snapshot; without clearing it nobody ever seems to wait.
      while ((await run('SELECT pg_stat_clear_snapshot()')) && (await run(waiting)).rowCount === 0)
        await sleep(20);
      await run(`SELECT ${disturb}(pid) FROM (${waiting}) AS w`);
      return await acting;
    } finally {
      await run('ROLLBACK');
    }
  }

  it.each([
    ['a broken connection', 'pg_terminate_backend', 'DESTINATION_UNREACHABLE'],
    ['a cancelled statement', 'pg_cancel_backend', 'DESTINATION_BUSY'],
  ])(
    '%s in the middle of a page blames no row, leaves nothing, and the same page goes through later',
    async (_, disturb, code) => {
      const { account, first, write, destination, due, names } = await start();
      const rows = [rowOf(1, 1), rowOf(2, 2, { name: 'far too long for this column' })];
      const error = await whileLocked(account, () => write(first, { rows }), disturb);
      expect(error).toMatchObject({ name: 'ServiceError', code });
      expect(await destination.checkpoint('account')).toEqual(first);
      expect(await due(later)).toEqual([]);
      const result = await write(first, { rows });
      expect(result.rejected).toHaveLength(1);
      expect(Object.keys(await names())).toEqual([idOf(1)]);
    },
  );

  it.each([
    ['DESTINATION_OBJECT_MISSING', (account: string) => `ALTER TABLE ${account} DROP COLUMN description`],
    [
      'DESTINATION_TABLE_CONFLICT',
      (account: string) => `ALTER TABLE ${account} ALTER name TYPE boolean USING true`,
    ],
    ['DESTINATION_PERMISSION_MISSING', (account: string) => `ALTER TABLE ${account} OWNER TO postgres`],
  ])('with code %s fails the page and blames no row', async (code, disturb) => {
    const { account, first, write, destination, due } = await start();
    await run(disturb(account));
    await expect(write(first, { rows: [rowOf(1, 1)] })).rejects.toMatchObject({ code });
    expect(await destination.checkpoint('account')).toEqual(first);
    expect(await due(later)).toEqual([]);
  });

  it('does not hold a page whose table was widened after the connection had staged it', async () => {
    const { first, write, destination, rows } = await start();
    const { checkpoint } = await write(first, { rows: [rowOf(1, 1)] });
    const fax = { name: 'fax', type: { kind: 'text', maxLength: 50 }, source: 'fax' } as const;
    const table = { ...aTable, columns: [...aTable.columns, fax] };
    await destination.ensureTable(table);
    await write(checkpoint, { table, rows: [rowOf(1, 2, { fax: '1' })] });
    expect(await rows('account')).toMatchObject([{ fax: '1' }]);
  });
});
