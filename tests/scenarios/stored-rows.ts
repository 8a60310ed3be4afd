import { Client } from 'pg';
import { destinationTypeOf } from '../../local/platform/destination-address.ts';
import { inTransaction, openPool, type SessionPool } from '../../shared/adapters/sqlserver/connection.ts';
import { tableName } from '../../shared/adapters/sqlserver/identifiers.ts';
import { canonicalRows } from '../adapters/sqlserver-rows.ts';

/** A row of the reporting database: its values as text, made by the server and not by a client, in the form that a source has them. */
export type StoredRow = Readonly<Record<string, string | null>>;

/** All rows of a table, by id. `database` is an address of PostgreSQL or SQL Server. */
export async function storedRows(
  database: string,
  schema: string,
  table: string,
): Promise<ReadonlyMap<string, StoredRow>> {
  const rows = await (destinationTypeOf(database) === 'SqlAzure'
    ? canonicalRows(poolOf(database), tableName({ schema, prefix: '' }, table))
    : rowsOfPostgres(database, `"${schema}"."${table}"`));
  return new Map(rows.map((row) => [String(row.Id), row]));
}

/** Statements that both databases understand, names in double quotes, on PostgreSQL or SQL Server. */
export async function statementOn<Row extends object>(
  database: string,
  statement: string,
): Promise<readonly Row[]> {
  if (destinationTypeOf(database) === 'SqlAzure')
    return inTransaction(
      poolOf(database),
      'look',
      async (session) => (await session.batch<Row>(statement)).rows,
    );
  return onPostgres(database, async (client) => (await client.query<Row>(statement)).rows);
}

async function onPostgres<T>(connectionString: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** They stay open, and keep no process alive: a server may take long to answer the first statements of each connection. */
const pools = new Map<string, SessionPool>();

function poolOf(connectionString: string): SessionPool {
  const pool = pools.get(connectionString) ?? openPool(connectionString);
  pools.set(connectionString, pool);
  return pool;
}

function rowsOfPostgres(database: string, table: string): Promise<readonly StoredRow[]> {
  return onPostgres(database, async (client) => {
    await client.query(`SET datestyle = 'ISO, YMD'`);
    const { rows } = await client.query<StoredRow>({
      text: `SELECT * FROM ${table}`,
      types: { getTypeParser: (type: number) => shown(type) },
    });
    return rows;
  });
}

const booleanType = 16;
const timestampType = 1114;

/** PostgreSQL's text of a value in the form that a source has it. */
function shown(type: number): (text: string) => string {
  if (type === booleanType) return (text) => (text === 't' ? 'true' : 'false');
  return type === timestampType ? (text) => `${text.replace(' ', 'T')}Z` : (text) => text;
}
