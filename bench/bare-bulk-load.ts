import { randomUUID } from 'node:crypto';
import { Connection, Request, TYPES } from 'tedious';
import { readConnectionString } from '../shared/adapters/sqlserver/connection-string.ts';
import type { Rate } from './bare-loads.ts';

const mostRows = 20_000;
/** What the driver tells of a text without a limit. */
const unlimited = 65_535;

interface Column {
  readonly colName: string;
  readonly type: { readonly name: string };
  readonly dataLength?: number;
  readonly precision?: number;
  readonly scale?: number;
}
interface Answer {
  readonly columns: readonly Column[];
  readonly rows: unknown[][];
}

/** A schema of its own in a database that was given: what is measured there, and how it goes. */
export interface GivenDatabase {
  readonly schema: string;
  /**
   * The first rows that the app has written, once more into an empty table of the same shape, by the bulk load of the driver with
   * its own types, all in one; they are in memory before.
   */
  loadBare(table: string): Promise<Rate>;
  /** Takes the schema and all in it away. */
  close(): Promise<void>;
}

/** `destination`: the connection string of a SQL Server, with a login that owns its database. */
export async function givenDatabase(destination: string): Promise<GivenDatabase> {
  const connection = await connect(destination);
  const schema = `bench_${randomUUID().slice(0, 8)}`;
  const bare = `${schema}.bare`;
  await run(connection, `CREATE SCHEMA ${schema}`);
  return {
    schema,
    async loadBare(table) {
      const { columns, rows } = await run(connection, `SELECT TOP (${mostRows}) * FROM ${schema}.[${table}]`);
      await run(connection, `SELECT TOP (0) * INTO ${bare} FROM ${schema}.[${table}]`);
      await run(connection, `ALTER TABLE ${bare} ADD PRIMARY KEY ([Id])`);
      const startedAt = performance.now();
      const loaded = await new Promise<number>((resolve, reject) => {
        const load = connection.newBulkLoad(bare, (error, count = 0) =>
          error ? reject(error) : resolve(count),
        );
        for (const column of columns) load.addColumn(column.colName, typeOf(column), optionsOf(column));
        connection.execBulkLoad(load, rows);
      });
      return { rows: loaded, seconds: (performance.now() - startedAt) / 1000 };
    },
    async close() {
      const { rows } = await run(
        connection,
        `SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = '${schema}'`,
      );
      for (const [table] of rows) await run(connection, `DROP TABLE ${schema}.[${table}]`);
      await run(connection, `DROP SCHEMA ${schema}`);
      connection.close();
    },
  };
}

async function connect(destination: string): Promise<Connection> {
  const { host, port, user, password, options } = readConnectionString(destination);
  const connection = new Connection({
    server: host,
    authentication: { type: 'default', options: { userName: user, password } },
    options: { ...options, port, requestTimeout: 600_000, rowCollectionOnRequestCompletion: false },
  });
  await new Promise<void>((resolve, reject) =>
    connection.connect((error) => (error ? reject(error) : resolve())),
  );
  return connection;
}

function run(connection: Connection, text: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let columns: readonly Column[] = [];
    const rows: unknown[][] = [];
    const request = new Request(text, (error) => (error ? reject(error) : resolve({ columns, rows })));
    request.on('columnMetadata', (told) => {
      columns = told as Column[];
    });
    request.on('row', (cells: readonly { value: unknown }[]) => {
      rows.push(cells.map(({ value }) => value));
    });
    connection.execSqlBatch(request);
  });
}

/** The server tells `IntN` and the like, of a length in bytes. */
function typeOf({ type, dataLength }: Column) {
  const name = type.name.replace(/N$/, '');
  if (name === 'Int' && dataLength === 8) return TYPES.BigInt;
  const found = Object.entries(TYPES).find(([each]) => each === name);
  if (found === undefined) throw new Error(`Cannot load a column of type ${type.name}: it is not expected.`);
  return found[1];
}

function optionsOf({ type, dataLength = 0, precision, scale }: Column) {
  const length = dataLength >= unlimited ? Number.POSITIVE_INFINITY : dataLength / 2;
  return {
    nullable: true,
    ...(/Char/.test(type.name) && { length }),
    ...(precision !== undefined && { precision }),
    ...(scale !== undefined && { scale }),
  };
}
