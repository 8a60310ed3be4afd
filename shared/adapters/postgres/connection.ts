import pg from 'pg';
import { readConnectionString } from './connection-string.ts';
import { destinationError } from './error-map.ts';

/** Connections of one login. Small: a destination has one writer a table, and few tables are written at once. */
const poolSize = 8;
const connectTimeoutMilliseconds = 30_000;
/** Above the server's own limit, which ends a statement first unless the network is gone. */
const queryTimeoutMilliseconds = 330_000;

// SET LOCAL and not start-up options, because connection poolers refuse those. Deferred constraints are checked at once, so
// that a row that violates one can be told from the others. Dates are exchanged as ISO text only.
const beginning = [
  'BEGIN ISOLATION LEVEL READ COMMITTED',
  "SET LOCAL statement_timeout = '300s'",
  "SET LOCAL lock_timeout = '30s'",
  "SET LOCAL idle_in_transaction_session_timeout = '300s'",
  'SET CONSTRAINTS ALL IMMEDIATE',
].join(';');

/** Opens a pool; connects to nobody yet. */
export function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    ...readConnectionString(connectionString),
    application_name: 'dataverse-export',
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMilliseconds,
    query_timeout: queryTimeoutMilliseconds,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

async function isUsableAfterRollback(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. `prepare` runs before the
 * transaction. Foreign errors become `DESTINATION_*`; `doing` completes "Cannot ...".
 */
export async function inTransaction<T>(
  pool: pg.Pool,
  doing: string,
  work: (client: pg.PoolClient) => Promise<T>,
  prepare?: (client: pg.PoolClient) => Promise<void>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw destinationError(error, doing);
  });
  let isBroken = false;
  const noteBreak = () => {
    isBroken = true;
  };
  client.on('error', noteBreak);
  try {
    await prepare?.(client);
    await client.query(beginning);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    isBroken = isBroken || !(await isUsableAfterRollback(client));
    throw destinationError(error, doing);
  } finally {
    client.off('error', noteBreak);
    client.release(isBroken);
  }
}
