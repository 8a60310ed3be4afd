import { TLSSocket } from 'node:tls';
import pg from 'pg';
import { ServiceError } from '../../errors.ts';
import type { EntraLogin } from '../sql/entra-login.ts';
import { longQueryTimeoutMilliseconds, type PoolLimits, usualLimits } from '../sql/pool-limits.ts';
import { readConnectionString } from './connection-string.ts';
import { entraPassword } from './entra-login.ts';
import { destinationError } from './error-map.ts';

// SET LOCAL and not start-up options, because connection poolers refuse those. Deferred constraints are checked at once, so
// that a row that violates one can be told from the others. Dates are exchanged as ISO text only.
const beginning = [
  'BEGIN ISOLATION LEVEL READ COMMITTED',
  "SET LOCAL statement_timeout = '120s'",
  "SET LOCAL lock_timeout = '30s'",
  "SET LOCAL idle_in_transaction_session_timeout = '300s'",
  'SET CONSTRAINTS ALL IMMEDIATE',
].join(';');

/**
 * Runs a statement whose time grows with the table, and lifts the server's limit for the rest of the transaction: a limit
 * that it meets once it would meet for ever. Waiting for locks keeps its own.
 */
export async function runLong<R extends pg.QueryResultRow>(
  client: pg.PoolClient,
  text: string,
): Promise<pg.QueryResult<R>> {
  await client.query('SET LOCAL statement_timeout = 0');
  // The driver takes the time, but its types do not know it.
  const statement = { text, query_timeout: longQueryTimeoutMilliseconds };
  return client.query<R>(statement);
}

/** Opens a pool; connects to nobody yet. A connection string without a password needs `entra`. */
export function openPool(
  connectionString: string,
  limits: PoolLimits = usualLimits,
  entra?: EntraLogin,
): pg.Pool {
  const server = readConnectionString(connectionString);
  const pool = new pg.Pool({
    ...server,
    password: server.password ?? entraPassword(server, entra),
    application_name: 'dataverse-export',
    max: limits.connections,
    connectionTimeoutMillis: limits.connectTimeoutMilliseconds,
    query_timeout: limits.queryTimeoutMilliseconds,
    ...(limits.mostUses !== undefined && { maxUses: limits.mostUses }),
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    allowExitOnIdle: true,
    // A page fits into memory and is gone with its commit: spilling it to disk does not pay. The setting is refused once a
    // session has used a temporary table, as behind a connection pooler it may have.
    onConnect: async (client) => {
      await client.query("SET temp_buffers = '64MB'").catch(() => undefined);
    },
  });
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

async function connect(pool: pg.Pool, doing: string): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    // The pool's words for having waited; when the server does not answer, it has others.
    if (error instanceof Error && error.message === 'timeout exceeded when trying to connect')
      throw new ServiceError(
        'DESTINATION_BUSY',
        `Cannot ${doing}: all ${pool.options.max} connections that this process may open to the database stayed in use.`,
        { cause: error },
      );
    throw destinationError(error, doing);
  }
}

/** Whether the connection can be used again: not after an error of the network or time, a failover, or a mistake of ours. */
async function isUsableAfter(error: unknown, client: pg.PoolClient): Promise<boolean> {
  const isAnswered = error instanceof pg.DatabaseError || error instanceof ServiceError;
  if (!isAnswered || (error instanceof pg.DatabaseError && error.code === '25006')) return false;
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** When the certificate ends that the server has shown; undefined on a connection without TLS. */
export function certificateEndOf(client: pg.PoolClient): Date | undefined {
  // The types of the driver do not know its socket.
  const { connection } = client as pg.PoolClient & { readonly connection?: { readonly stream?: unknown } };
  if (!(connection?.stream instanceof TLSSocket)) return undefined;
  const end = Date.parse(connection.stream.getPeerCertificate().valid_to);
  return Number.isNaN(end) ? undefined : new Date(end);
}

/**
 * Runs `work` in one transaction: committed when it resolves (unless `isKept` is false), rolled back when it throws. Foreign errors become
 * `DESTINATION_*`; `doing` completes "Cannot ...".
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  doing: string,
  work: (client: pg.PoolClient) => Promise<T>,
  { isKept = true } = {},
): Promise<T> {
  const client = await connect(pool, doing);
  let isBroken = false;
  const noteBreak = () => {
    isBroken = true;
  };
  client.on('error', noteBreak);
  try {
    await client.query(beginning);
    const result = await work(client);
    await client.query(isKept ? 'COMMIT' : 'ROLLBACK');
    return result;
  } catch (error) {
    isBroken = isBroken || !(await isUsableAfter(error, client));
    throw destinationError(error, doing);
  } finally {
    client.off('error', noteBreak);
    client.release(isBroken);
  }
}
