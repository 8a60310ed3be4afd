import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { exporterLogin } from '../../local/database/start-database.ts';
import { typeFromCatalog } from '../../shared/adapters/postgres/column-types.ts';
import { postgresDestinations } from '../../shared/adapters/postgres/destination.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import { canonicalValue } from '../../shared/schema/values.ts';
import type { DestinationUnderTest } from '../contracts/destination-start.ts';

/** The shared server, with a fresh schema for each test. */
export interface PostgresUnderTest {
  /** Address with the app's own login. */
  readonly exporterUrl: string;
  /** A superuser's connection, to look and to disturb. */
  readonly admin: Client;
  /** A schema that the app's login owns, and destinations in it. */
  freshSchema(prefix?: string): Promise<DestinationUnderTest & { readonly schema: string }>;
  close(): Promise<void>;
}

export async function openPostgresUnderTest(): Promise<PostgresUnderTest> {
  const url = new URL(inject('database'));
  url.username = exporterLogin.name;
  url.password = exporterLogin.password;
  const exporterUrl = url.href;
  // Every value as the text that PostgreSQL shows.
  const types = { getTypeParser: () => (text: string) => text };
  const admin = new Client({ connectionString: inject('database'), types });
  await admin.connect();
  const opened: Destination[] = [];
  const open = (schema: string, prefix: string) => {
    const destination = postgresDestinations().open(exporterUrl, { schema, prefix });
    opened.push(destination);
    return destination;
  };
  return {
    exporterUrl,
    admin,
    async freshSchema(prefix = '') {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      const schema = `test_${randomUUID().slice(0, 8)}`;
      await admin.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${exporterLogin.name}`);
      const named = (table: string) => `${schema}."${prefix && `${prefix}_`}${table}"`;
      return {
        schema,
        destination: open(schema, prefix),
        otherWorker: open(schema, prefix),
        rows: (table) => canonicalRows(admin, named(table)),
        deleteLog: async () => {
          const { rows } = await admin.query(`SELECT * FROM ${named('DeleteLog')} ORDER BY "Id"`);
          return rows.map((row) => ({ table: row.EntityName, id: row.RecordId, version: row.VersionNumber }));
        },
        refuseName: async (table, name) => {
          await admin.query(`ALTER TABLE ${named(table)} DROP CONSTRAINT IF EXISTS refused`);
          if (name !== undefined)
            await admin.query(`ALTER TABLE ${named(table)} ADD CONSTRAINT refused CHECK (name <> '${name}')`);
        },
        refuseDelete: async (table, id) => {
          await admin.query(`DROP TABLE IF EXISTS ${schema}.referring`);
          if (id === undefined) return;
          const refer = `referring uuid CONSTRAINT referring REFERENCES ${named(table)} ("Id")`;
          await admin.query(`CREATE TABLE ${schema}.referring (${refer})`);
          await admin.query(`INSERT INTO ${schema}.referring VALUES ('${id}')`);
        },
        dropTable: async (table) => {
          await admin.query(`DROP TABLE ${named(table)}`);
        },
      };
    },
    async close() {
      await Promise.all(opened.map((each) => each.close()));
      await admin.end();
    },
  };
}

async function canonicalRows(
  admin: Client,
  table: string,
): Promise<readonly Record<string, string | null>[]> {
  const { rows } = await admin.query<Record<string, string | null>>(`SELECT * FROM ${table}`);
  const types = await admin.query<{ attname: string; type: string }>(
    `SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0`,
    [table],
  );
  return rows.map((row) =>
    Object.fromEntries(
      types.rows.map(({ attname, type: typeName }) => {
        const type = typeFromCatalog(typeName);
        if (type === undefined) throw new Error(`unexpected type ${typeName}`);
        return [attname, canonicalValue(type, shown(type.kind, row[attname] ?? null))];
      }),
    ),
  );
}

function shown(kind: string, text: string | null): string | null {
  if (text === null) return null;
  if (kind === 'boolean') return text === 't' ? 'true' : 'false';
  return kind === 'datetime' ? `${text.replace(' ', 'T')}Z` : text;
}
