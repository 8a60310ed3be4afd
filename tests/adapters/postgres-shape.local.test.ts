import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import { fullMetadata } from '../contracts/destination-metadata.ts';
import { aTable, idOf, rowOf, startDestination } from '../contracts/destination-start.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

const ask = async (text: string, values: unknown[] = []) =>
  (await postgres.admin.query<Record<string, string | null>>(text, values)).rows;
const columnsOf = async (table: string) =>
  (
    await ask(
      `SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
      [table],
    )
  ).map(({ attname, type, attnotnull }) => `${attname} ${type}${attnotnull === 't' ? ' NOT NULL' : ''}`);

async function start(prefix?: string, table = aTable) {
  const under = await postgres.freshSchema(prefix);
  return { schema: under.schema, ...(await startDestination(async () => under, table)) };
}

describe('a table in PostgreSQL', () => {
  it('has the shape of the old service', async () => {
    const { schema } = await start('des');
    expect(await columnsOf(`${schema}.des_account`)).toEqual([
      'Id uuid NOT NULL',
      'SinkCreatedOn timestamp without time zone',
      'SinkModifiedOn timestamp without time zone',
      'statecode integer',
      'donotphone boolean',
      'ownerid uuid',
      'to uuid',
      'revenue numeric(38,4)',
      'name character varying(20)',
      'description text',
      'createdon timestamp without time zone',
      'versionnumber bigint',
    ]);
    const [key] = await ask(
      'SELECT conname FROM pg_constraint WHERE conrelid = $1::regclass AND contype = $2',
      [`${schema}.des_account`, 'p'],
    );
    expect(key?.conname).toBe(`EPK[${schema}].[des_account]`);
    expect(await columnsOf(`${schema}."des_DeleteLog"`)).toEqual([
      'Id bigint NOT NULL',
      'EntityName character varying(64) NOT NULL',
      'RecordId character varying(64) NOT NULL',
      'SinkDeleteTime timestamp without time zone NOT NULL',
      'VersionNumber bigint NOT NULL',
    ]);
  });

  it('is made without a delete log where none is wanted', async () => {
    const { schema, destination } = await postgres.freshSchema();
    await destination.ensureSystemTables({ hasDeleteLog: false });
    const made = await ask(
      'SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = $2',
      [schema, 'r'],
    );
    expect(made.map(({ relname }) => relname).sort()).toEqual([
      'AttributeMetadata',
      'GlobalOptionSetMetadata',
      'OptionSetMetadata',
      'ReplicationCheckpoint',
      'ReplicationGlobalOption',
      'ReplicationMetadata',
      'ReplicationRejectedRow',
      'StateMetadata',
      'StatusMetadata',
      'TargetMetadata',
    ]);
  });

  it('has the metadata tables of the old service beside it', async () => {
    const { schema } = await start('des');
    const shapeOf = async (table: string) => {
      const [key] = await ask(
        "SELECT pg_get_constraintdef(oid) AS key FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'",
        [`${schema}."des_${table}"`],
      );
      return [...(await columnsOf(`${schema}."des_${table}"`)), key?.key];
    };
    const name = (column: string) => `${column} character varying(64) NOT NULL`;
    const label = [
      'IsUserLocalizedLabel boolean NOT NULL',
      'LocalizedLabelLanguageCode integer NOT NULL',
      'LocalizedLabel character varying(350)',
    ];
    expect(await shapeOf('OptionSetMetadata')).toEqual([
      name('EntityName'),
      name('OptionSetName'),
      'Option integer NOT NULL',
      ...label,
      'PRIMARY KEY ("EntityName", "OptionSetName", "Option", "IsUserLocalizedLabel", "LocalizedLabelLanguageCode")',
    ]);
    expect(await shapeOf('GlobalOptionSetMetadata')).toEqual([
      name('OptionSetName'),
      'Option integer NOT NULL',
      ...label,
      'PRIMARY KEY ("OptionSetName", "Option", "IsUserLocalizedLabel", "LocalizedLabelLanguageCode")',
    ]);
    expect(await shapeOf('StateMetadata')).toEqual([
      name('EntityName'),
      'State integer NOT NULL',
      ...label,
      'PRIMARY KEY ("EntityName", "State", "IsUserLocalizedLabel", "LocalizedLabelLanguageCode")',
    ]);
    expect(await shapeOf('StatusMetadata')).toEqual([
      name('EntityName'),
      'State integer NOT NULL',
      'Status integer NOT NULL',
      ...label,
      'PRIMARY KEY ("EntityName", "State", "Status", "IsUserLocalizedLabel", "LocalizedLabelLanguageCode")',
    ]);
    expect(await shapeOf('TargetMetadata')).toEqual([
      name('EntityName'),
      name('AttributeName'),
      name('ReferencedEntity'),
      'ReferencedAttribute character varying(64)',
      'PRIMARY KEY ("EntityName", "AttributeName", "ReferencedEntity")',
    ]);
    expect(await shapeOf('AttributeMetadata')).toEqual([
      'Id bigint NOT NULL',
      name('EntityName'),
      name('AttributeName'),
      name('AttributeType'),
      'AttributeTypeCode integer NOT NULL',
      'Version bigint',
      'Timestamp timestamp without time zone',
      'MetadataId character varying(64)',
      'Precision integer',
      'PRIMARY KEY ("Id")',
    ]);
    const identities = await ask(
      `SELECT relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
       WHERE relnamespace = $1::regnamespace AND attname = 'Id' AND attidentity <> '' ORDER BY relname`,
      [schema],
    );
    expect(identities.map(({ relname }) => relname)).toEqual(['des_AttributeMetadata', 'des_DeleteLog']);
  });

  it('can have names longer than PostgreSQL takes, kept apart by a hash', async () => {
    const long = 'new_'.padEnd(70, 'x');
    const tables = ['a', 'b'].map((ending): DestinationTable => ({ ...aTable, name: `${long}${ending}` }));
    const { destination } = await start();
    for (const table of tables) {
      expect((await destination.ensureTable(table)).changes).toHaveLength(1);
      expect((await destination.ensureTable(table)).changes).toEqual([]);
    }
  });

  it('keeps its values when a decimal is widened', async () => {
    const { first, write, destination, rows } = await start();
    await write(first, { rows: [rowOf(1, 1, { revenue: '12345678901234567890.1234' })] });
    const columns = aTable.columns.map((column) =>
      column.name === 'revenue' ? { ...column, type: { kind: 'decimal', scale: 10 } as const } : column,
    );
    expect(await destination.ensureTable({ ...aTable, columns })).toEqual({
      changes: ['column "revenue" widened to numeric(38,10)'],
    });
    expect(await rows('account')).toMatchObject([{ revenue: '12345678901234567890.1234' }]);
  });

  it('goes on with rows that fit while a view keeps a column from being widened', async () => {
    const { schema, first, write, destination } = await start();
    await postgres.admin.query(`CREATE VIEW ${schema}.report AS SELECT name FROM ${schema}.account`);
    const columns = aTable.columns.map((column) =>
      column.name === 'name' ? { ...column, type: { kind: 'text', maxLength: 60 } as const } : column,
    );
    const wider = { ...aTable, columns: [...columns, { name: 'fax', type: { kind: 'text' } as const }] };
    expect((await destination.ensureTable(wider)).changes).toEqual([
      'column "name" not widened to varchar(60): a view or rule uses it',
      'column "fax" added as text',
    ]);
    const page = { table: wider, rows: [rowOf(1, 1, { name: 'x'.repeat(21) }), rowOf(2, 2)] };
    const { rejected, writtenCount } = await write(first, page);
    expect(writtenCount).toBe(1);
    expect(rejected.map(({ reason }) => reason)).toEqual([
      `Cannot write row "${idOf(1)}" of table "account": column "name" holds at most 20 characters, received 21.`,
    ]);
  });

  it('that lacks nothing does not wait for another that is being altered for long', async () => {
    const { schema, destination } = await start();
    await postgres.admin.query(
      `BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('dataverse-export ${schema} ', 0))`,
    );
    try {
      await destination.ensureSystemTables({ hasDeleteLog: true });
      expect((await destination.ensureTable(aTable)).changes).toEqual([]);
    } finally {
      await postgres.admin.query('COMMIT');
    }
  }, 10_000);

  it('that stands in the way is a conflict, and a finding of the test', async () => {
    const { schema, destination } = await postgres.freshSchema();
    await destination.ensureSystemTables({ hasDeleteLog: true });
    await postgres.admin.query(`CREATE VIEW ${schema}.account AS SELECT 1 AS one`);
    await postgres.admin.query(`CREATE TABLE ${schema}.contact ("Id" uuid)`);
    for (const name of ['account', 'contact'])
      await expect(destination.ensureTable({ ...aTable, name })).rejects.toMatchObject({
        code: 'DESTINATION_TABLE_CONFLICT',
        message: expect.stringMatching(` There is already an object named '${name}' in the database\\.$`),
      });
    const findings = await destination.test(
      ['account', 'contact', 'lead'].map((name) => ({ ...aTable, name })),
    );
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
      {
        severity: 'error',
        code: 'DESTINATION_TABLE_CONFLICT',
        message: 'Cannot use table "account": a view has its name.',
      },
      {
        severity: 'error',
        code: 'DESTINATION_TABLE_CONFLICT',
        message: 'Cannot use table "contact": a table without a primary key on "Id" has its name.',
      },
    ]);
  });
});

it('leaves global options of an older exporter alone that no table of this one has been written with', async () => {
  const { schema, destination } = await start();
  const table = `${schema}."GlobalOptionSetMetadata"`;
  await postgres.admin.query(
    `INSERT INTO ${table} VALUES ('color', 9, false, 1033, 'Old'), ('color', 1, false, 1033, 'Rot')`,
  );
  await destination.writeMetadata(fullMetadata);
  await destination.writeMetadata({ ...fullMetadata, rows: { ...fullMetadata.rows, globalOptionSet: [] } });
  expect(await ask(`SELECT "Option", "LocalizedLabel" FROM ${table}`)).toEqual([
    { Option: '9', LocalizedLabel: 'Old' },
  ]);
});

describe('a test of PostgreSQL', () => {
  it('says that a table of another owner goes on until it needs a column, and then stops', async () => {
    const { schema, destination, first, write } = await start();
    await postgres.admin.query(`ALTER TABLE ${schema}.account OWNER TO postgres;
      GRANT ALL ON ${schema}.account TO exporter`);
    const findings = await destination.test([aTable]);
    expect(findings.filter(({ severity }) => severity !== 'ok')).toEqual([
      {
        severity: 'warning',
        code: 'DESTINATION_PERMISSION_MISSING',
        message:
          'Cannot alter table "account": the login does not own it; the table will stop when Dataverse adds or widens a column.',
      },
    ]);
    expect((await destination.ensureTable(aTable)).changes).toEqual([]);
    expect(await write(first, { rows: [rowOf(1, 1)] })).toMatchObject({ writtenCount: 1 });
    const fax = { name: 'fax', type: { kind: 'text' } } as const;
    const wider = destination.ensureTable({ ...aTable, columns: [...aTable.columns, fax] });
    await expect(wider).rejects.toMatchObject({ code: 'DESTINATION_PERMISSION_MISSING' });
  });

  it('finds every missing permission and leaves nothing behind', async () => {
    const { schema } = await postgres.freshSchema();
    const guest = `guest_${schema}`;
    await postgres.admin.query(`CREATE ROLE ${guest} LOGIN PASSWORD 'guest'`);
    await postgres.admin.query(`GRANT CONNECT ON DATABASE reporting TO ${guest}`);
    const url = new URL(postgres.exporterUrl);
    url.username = guest;
    url.password = 'guest';
    const open = (name: string) => postgresDestinations().open(url.href, { schema: name, prefix: '' });
    for (const name of [schema, `${schema}_missing`]) {
      const destination = open(name);
      const findings = await destination.test([aTable]);
      expect(findings.filter(({ severity }) => severity !== 'ok').map(({ code }) => code)).toEqual([
        'DESTINATION_PERMISSION_MISSING',
        'DESTINATION_PERMISSION_MISSING',
      ]);
      await destination.close();
    }
    expect(await ask('SELECT 1 FROM pg_class WHERE relnamespace = $1::regnamespace', [schema])).toEqual([]);
  });

  it.each([
    ['a wrong password', { password: 'SECRET' }, 'DESTINATION_LOGIN_FAILED'],
    ['a database that is not there', { pathname: '/nowhere' }, 'DESTINATION_DATABASE_MISSING'],
    ['a port where nobody listens', { port: '1' }, 'DESTINATION_UNREACHABLE'],
    ['a server without TLS', { search: '?sslmode=require' }, 'DESTINATION_UNREACHABLE'],
  ])('tells %s apart', async (_what, change, code) => {
    const url = Object.assign(new URL(postgres.exporterUrl), change);
    const destination = postgresDestinations().open(url.href, { schema: 'dbo', prefix: '' });
    const findings = await destination.test([]);
    expect(findings).toMatchObject([{ severity: 'error', code }]);
    expect(JSON.stringify(findings)).not.toMatch(/SECRET|exporter:/);
    await expect(destination.checkpoint('account')).rejects.toMatchObject({ code });
    await destination.close();
  });
});
