import { ServiceError } from '../../errors.ts';
import { longQueryTimeoutMilliseconds, type PoolLimits, usualLimits } from '../sql/pool-limits.ts';
import { readConnectionString, type Transport, transportOf } from './connection-string.ts';
import { entraToken, type SqlServerLogin } from './entra-login.ts';
import { destinationError, isFailover } from './error-map.ts';
import { boundedPool, type Pool } from './pool.ts';
import { SqlServerError } from './server-error.ts';
import { type OpenSession, openSession, type QueryResult, type Session } from './session.ts';

/** Connections of one login. */
export interface SessionPool extends Pool<OpenSession> {
  readonly transport: Transport;
}

// XACT_ABORT is off, so that the fault of a row (2627, 547, 515, 2628 ...) takes nothing back but its own statement: it can be
// caught here or by TRY/CATCH, and the transaction goes on. What ends the transaction all the same (a deadlock, the failed
// conversion of a text) is noticed before the next statement. The other settings are those of ADO.NET; dates are exchanged
// as ISO text only, and a lock is waited for half a minute.
const settings = 'SET XACT_ABORT OFF; SET DATEFORMAT ymd; SET LOCK_TIMEOUT 30000';

/** Runs statements whose time grows with the table. */
export function runLong<R>(session: Session, text: string): Promise<QueryResult<R>> {
  return session.batch<R>(text, longQueryTimeoutMilliseconds);
}

/**
 * Opens a pool; connects to nobody yet. A connection string without a password needs `entra`; its Connect Timeout and Max
 * Pool Size count where no limits are given.
 */
export function openPool(connectionString: string, given?: PoolLimits, entra?: SqlServerLogin): SessionPool {
  const server = readConnectionString(connectionString);
  const {
    connectTimeoutMilliseconds = usualLimits.connectTimeoutMilliseconds,
    maxConnections = usualLimits.connections,
  } = server;
  const connections = Math.min(maxConnections, usualLimits.connections);
  const limits = given ?? { ...usualLimits, connections, connectTimeoutMilliseconds };
  const { user, password } = server;
  const token = password === undefined ? entraToken(server, entra) : undefined;
  const configuration = {
    server: server.host,
    options: {
      ...server.options,
      ...(server.instanceName === undefined ? { port: server.port } : { instanceName: server.instanceName }),
      appName: 'dataverse-export',
      connectTimeout: limits.connectTimeoutMilliseconds,
      requestTimeout: limits.queryTimeoutMilliseconds,
      fallbackToDefaultDb: false,
      lowerCaseGuids: true,
      // What is worth another try is tried again by the work that met it.
      maxRetriesOnTransientErrors: 0,
    },
  };
  const open = async () => {
    const authentication =
      token === undefined
        ? { type: 'default' as const, options: { userName: user, password } }
        : { type: 'azure-active-directory-access-token' as const, options: { token: await token() } };
    return openSession({ ...configuration, authentication }, settings);
  };
  return { ...boundedPool(open, limits), transport: transportOf(server) };
}

async function connect(pool: SessionPool, doing: string): Promise<OpenSession> {
  try {
    return await pool.take(doing);
  } catch (error) {
    throw destinationError(error, doing);
  }
}

/** Whether the connection can be used again: not after an error of the network or time, a failover, or a mistake of ours. */
async function isUsableAfter(error: unknown, session: OpenSession): Promise<boolean> {
  const isAnswered = error instanceof SqlServerError || error instanceof ServiceError;
  if (!isAnswered || isFailover(error) || !session.isAlive()) return false;
  try {
    if (session.isInTransaction()) await session.rollback();
    return true;
  } catch {
    return false;
  }
}

/** The session while its transaction lasts: statements after its end would each be committed by themselves. */
function insideTransaction(session: OpenSession): Session {
  const check = () => {
    if (!session.isInTransaction())
      throw new Error('The server has ended the transaction; an error before was passed over.');
  };
  return {
    query: async (...given) => {
      check();
      return session.query(...given);
    },
    batch: async (...given) => {
      check();
      return session.batch(...given);
    },
    bulkLoad: async (...given) => {
      check();
      return session.bulkLoad(...given);
    },
    certificateEnd: session.certificateEnd,
  };
}

/**
 * Runs `work` in one transaction: committed when it resolves (unless `isKept` is false), rolled back when it throws. Foreign errors become
 * `DESTINATION_*`; `doing` completes "Cannot ...".
 */
export async function inTransaction<T>(
  pool: SessionPool,
  doing: string,
  work: (session: Session) => Promise<T>,
  { isKept = true } = {},
): Promise<T> {
  const session = await connect(pool, doing);
  let isBroken = false;
  try {
    await session.begin();
    const result = await work(insideTransaction(session));
    if (isKept) await session.commit();
    else if (session.isInTransaction()) await session.rollback();
    return result;
  } catch (error) {
    isBroken = !(await isUsableAfter(error, session));
    throw destinationError(error, doing);
  } finally {
    pool.give(session, isBroken);
  }
}
