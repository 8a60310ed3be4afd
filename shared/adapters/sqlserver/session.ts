import { TLSSocket } from 'node:tls';
import { Connection, type ConnectionConfiguration, Request, TYPES } from 'tedious';
import { type BulkColumn, bulkTypes } from './bulk-types.ts';
import { decimalDigits } from './column-types.ts';
import { foreignError, SqlServerError } from './server-error.ts';

/** Types that go through the driver without loss; decimals do not (it has them as doubles), so they travel as `text`. */
const types = {
  uuid: TYPES.UniqueIdentifier,
  text: TYPES.NVarChar,
  int: TYPES.Int,
  bigint: TYPES.BigInt,
  datetime2: TYPES.DateTime2,
  bit: TYPES.Bit,
} as const;

export type SqlType = keyof typeof types;

/** A named value of a statement, `@name` in its text. */
export interface SqlParameter {
  readonly name: string;
  readonly type: SqlType;
  readonly value: string | number | boolean | Date | null;
  readonly length?: number;
}

/** Longer texts are `nvarchar(max)`. Shorter ones all are `nvarchar(4000)`, so that the server keeps one plan. */
export const longestText = 4000;

/** Parameters by their type. `bigint` is a decimal number in text, since a JS number ends at 2^53. */
export const sql = {
  uuid: (name: string, value: string | null): SqlParameter => ({ name, type: 'uuid', value }),
  text: (name: string, value: string | null): SqlParameter => ({
    name,
    type: 'text',
    value,
    length: (value?.length ?? 0) > longestText ? Number.POSITIVE_INFINITY : longestText,
  }),
  int: (name: string, value: number | null): SqlParameter => ({ name, type: 'int', value }),
  bigint: (name: string, value: string | null): SqlParameter => ({ name, type: 'bigint', value }),
  datetime2: (name: string, value: Date | null): SqlParameter => ({ name, type: 'datetime2', value }),
  bit: (name: string, value: boolean | null): SqlParameter => ({ name, type: 'bit', value }),
} as const;

/** What the statements answered: `bigint` and `decimal` columns come as text and as a double; guids in lower case. */
export interface QueryResult<R> {
  readonly rows: readonly R[];
  /** Rows that all statements together read or changed. */
  readonly rowCount: number;
}

/**
 * One connection inside a transaction. One call at a time. Errors of the server are `SqlServerError`; every other error
 * means that the connection is lost.
 */
export interface Session {
  /** Statements with parameters. Temporary tables made here vanish at their end, so make them in `batch`. */
  query<R = Record<string, unknown>>(
    text: string,
    parameters?: readonly SqlParameter[],
    timeoutMilliseconds?: number,
  ): Promise<QueryResult<R>>;
  /** Statements without parameters, in the scope of the session. */
  batch<R = Record<string, unknown>>(text: string, timeoutMilliseconds?: number): Promise<QueryResult<R>>;
  /** Loads rows, values in the order of the columns; `table` is a quoted name. How many the server took. */
  bulkLoad(
    table: string,
    columns: readonly BulkColumn[],
    rows: Iterable<readonly unknown[]>,
  ): Promise<number>;
  /** When the certificate ends that the server has shown; undefined on a connection without TLS. */
  readonly certificateEnd: Date | undefined;
}

/** A session as its pool holds it. */
export interface OpenSession extends Session {
  /** False once the connection has failed; it is of no use then. */
  isAlive(): boolean;
  begin(): Promise<void>;
  /** Whether the transaction is still open: some errors end it. */
  isInTransaction(): boolean;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Back to the state of a new login: no temporary tables, no locks, usual settings. */
  reset(): Promise<void>;
  /** Whether the process may end while the connection is open. */
  mayEnd(isIdle: boolean): void;
  close(): void;
}

/**
 * Connects and logs in; `settings` are statements for each new state. A refused login is a `SqlServerError` with the
 * server's number.
 */
export async function openSession(
  configuration: ConnectionConfiguration,
  settings: string,
): Promise<OpenSession> {
  const connection = new Connection(configuration);
  let certificateEnd: Date | undefined;
  let isAlive = true;
  connection.on('secure', (socket) => {
    certificateEnd = endOfCertificate(socket);
  });
  // A connection that breaks while it is idle is found out at its next use; without a listener it would end the process.
  connection.on('error', () => {
    isAlive = false;
  });
  connection.on('end', () => {
    isAlive = false;
  });
  await connect(connection);
  await run('execSqlBatch', settings);

  function run<R>(
    send: 'execSql' | 'execSqlBatch',
    text: string,
    parameters: readonly SqlParameter[] = [],
    timeoutMilliseconds?: number,
  ): Promise<QueryResult<R>> {
    return new Promise((resolve, reject) => {
      const rows: R[] = [];
      const request = new Request(text, (error, rowCount = 0) => {
        if (error) reject(foreignError(error));
        else resolve({ rows, rowCount });
      });
      for (const { name, type, value, length } of parameters)
        request.addParameter(name, types[type], value, length === undefined ? null : { length });
      if (timeoutMilliseconds !== undefined) request.setTimeout(timeoutMilliseconds);
      request.on('row', (columns: readonly { metadata: { colName: string }; value: unknown }[]) => {
        rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])) as R);
      });
      connection[send](request);
    });
  }

  return {
    query: (text, parameters, timeoutMilliseconds) => run('execSql', text, parameters, timeoutMilliseconds),
    batch: (text, timeoutMilliseconds) => run('execSqlBatch', text, [], timeoutMilliseconds),
    bulkLoad: (table, columns, rows) => bulkLoad(connection, table, columns, rows),
    get certificateEnd() {
      return certificateEnd ?? endOfCertificate(connection.socket);
    },
    isAlive: () => isAlive && !connection.closed,
    begin: () => called((done) => connection.beginTransaction(done)),
    isInTransaction: () => connection.inTransaction,
    commit: () => called((done) => connection.commitTransaction(done)),
    rollback: () => called((done) => connection.rollbackTransaction(done)),
    reset: async () => {
      await called((done) => connection.reset(done));
      await run('execSqlBatch', settings);
    },
    mayEnd: (isIdle) => void connection.socket?.[isIdle ? 'unref' : 'ref'](),
    close: () => connection.close(),
  };
}

function called(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(foreignError(error)) : resolve()));
  });
}

/** The driver keeps no number of a refused login, so the first is taken from what the server says meanwhile. */
function connect(connection: Connection): Promise<void> {
  return new Promise((resolve, reject) => {
    let refused: SqlServerError | undefined;
    connection.on('errorMessage', ({ message, number, state, class: severity }) => {
      refused ??= new SqlServerError(message, { number, state, severity });
    });
    connection.connect((error) => {
      connection.removeAllListeners('errorMessage');
      if (error) reject(refused ?? foreignError(error));
      else resolve();
    });
  });
}

function bulkLoad(
  connection: Connection,
  table: string,
  columns: readonly BulkColumn[],
  rows: Iterable<readonly unknown[]>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    // Without `keepNulls` a null would become the column's default.
    const load = connection.newBulkLoad(table, { keepNulls: true }, (error, rowCount = 0) => {
      if (error) reject(foreignError(error));
      else resolve(rowCount);
    });
    for (const { name, type, length = Number.POSITIVE_INFINITY, scale = 0 } of columns)
      load.addColumn(name, bulkTypes[type], {
        nullable: true,
        ...(type === 'text' && { length }),
        ...(type === 'decimal' && { precision: decimalDigits, scale }),
      });
    connection.execBulkLoad(load, rows as Iterable<unknown[]>);
  });
}

function endOfCertificate(socket: unknown): Date | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const end = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(end) ? undefined : new Date(end);
}
