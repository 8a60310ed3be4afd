import { randomUUID } from 'node:crypto';
import type { TypesOfTables } from '../../shared/adapters/sqlserver/column-types.ts';
import { inTransaction, openPool } from '../../shared/adapters/sqlserver/connection.ts';
import { sqlServerDestinations } from '../../shared/adapters/sqlserver/destination.ts';
import { literal, quoted } from '../../shared/adapters/sqlserver/identifiers.ts';
import type { Destination, Destinations } from '../../shared/ports/destination.ts';
import type { DestinationUnderTest } from '../contracts/destination-start.ts';
import { sqlServerUrl } from '../given-servers.ts';
import { canonicalRows } from './sqlserver-rows.ts';

/** The given server, with a fresh schema for each test; the last of a file stays, for somebody to look into. */
export interface SqlServerUnderTest {
  readonly connectionString: string;
  /** Statements by the given login, each in a transaction of its own, to look and to disturb. */
  admin<R = Record<string, unknown>>(text: string): Promise<readonly R[]>;
  freshSchema(
    prefix?: string,
    types?: TypesOfTables,
  ): Promise<DestinationUnderTest & { readonly schema: string }>;
  /** Not the real thing, but one to try on. */
  readonly isBabelfish: boolean;
  close(): Promise<void>;
}

export async function openSqlServerUnderTest(): Promise<SqlServerUnderTest> {
  const connectionString = sqlServerUrl();
  if (connectionString === undefined) throw new Error('TEST_SQLSERVER_URL names no SQL Server.');
  const pool = openPool(connectionString);
  const admin = async <R = Record<string, unknown>>(text: string) =>
    inTransaction(pool, 'disturb', async (session) => (await session.batch<R>(text)).rows);
  const [{ version = '' } = {}] = await admin<{ version: string }>('SELECT @@VERSION AS version');
  const isBabelfish = version.includes('Babelfish');
  const opened: Destination[] = [];
  let last: string | undefined;
  // Babelfish reads its whole catalog for each table that is looked up: it must not grow with the tests.
  const dropLast = async () => {
    if (last === undefined) return;
    const objects = await admin<{ name: string; kind: string }>(
      `SELECT name, RTRIM(type) AS kind FROM sys.objects WHERE SCHEMA_NAME(schema_id) = '${last}' AND type IN ('U', 'V') ORDER BY type DESC, create_date DESC, object_id DESC`,
    );
    const drops = objects.map(
      ({ name, kind }) => `DROP ${kind === 'V' ? 'VIEW' : 'TABLE'} ${last}.${quoted(name)};`,
    );
    await admin(`${drops.join(' ')} DROP SCHEMA ${last}`);
    last = undefined;
  };
  // The connections of a worker last for all tests: a server may take long to answer the first statements of each.
  const made = (types?: TypesOfTables) =>
    [sqlServerDestinations(undefined, types), sqlServerDestinations(undefined, types)] as const;
  const workersOf = { classic: made(), modern: made('modern') };
  const kept = [...workersOf.classic, ...workersOf.modern].map((worker) =>
    worker.open(connectionString, { schema: 'dbo', prefix: '' }),
  );
  const open = (worker: Destinations, schema: string, prefix: string) => {
    const destination = worker.open(connectionString, { schema, prefix });
    opened.push(destination);
    return destination;
  };
  return {
    isBabelfish,
    connectionString,
    admin,
    async freshSchema(prefix = '', types = 'classic') {
      const workers = workersOf[types];
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await dropLast();
      const schema = `test_${randomUUID().slice(0, 8)}`;
      last = schema;
      await admin(`CREATE SCHEMA ${schema}`);
      const named = (table: string) => `${schema}.${quoted(`${prefix && `${prefix}_`}${table}`)}`;
      return {
        schema,
        destination: open(workers[0], schema, prefix),
        otherWorker: open(workers[1], schema, prefix),
        rows: (table) => canonicalRows(pool, named(table)),
        deleteLog: async () => {
          const rows = await canonicalRows(pool, named('DeleteLog'));
          return rows
            .toSorted((one, other) => Number(one.Id) - Number(other.Id))
            .map((row) => ({
              table: row.EntityName ?? '',
              id: row.RecordId ?? '',
              version: row.VersionNumber ?? '',
            }));
        },
        refuseName: async (table, name) => {
          await admin(`ALTER TABLE ${named(table)} DROP CONSTRAINT IF EXISTS refused_${schema}`);
          if (name === undefined) return;
          const check = `CONSTRAINT refused_${schema} CHECK (name <> ${literal(name)})`;
          await admin(`ALTER TABLE ${named(table)} ADD ${check}`);
        },
        refuseDelete: async (table, id) => {
          await admin(`DROP TABLE IF EXISTS ${schema}.referring`);
          if (id === undefined) return;
          const refer = `referring uniqueidentifier CONSTRAINT referring_${schema} REFERENCES ${named(table)} (Id)`;
          await admin(`CREATE TABLE ${schema}.referring (${refer})`);
          await admin(`INSERT INTO ${schema}.referring VALUES ('${id}')`);
        },
        ...(types === 'classic' && { earliest: '1753-01-01T00:00:00Z' }),
        isOldServer: isBabelfish,
        ...(isBabelfish && { hidesMissingTables: 'Babelfish has one number for many errors.' }),
        dropTable: async (table) => {
          await admin(`DROP TABLE ${named(table)}`);
        },
      };
    },
    async close() {
      await Promise.all([...opened, ...kept].map((each) => each.close()));
      await pool.close();
    },
  };
}
