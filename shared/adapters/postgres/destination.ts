import type { Pool, PoolClient } from 'pg';
import type { Destination, Destinations } from '../../ports/destination.ts';
import * as checkpoints from './checkpoints.ts';
import { claimCheckpoint } from './claim-checkpoint.ts';
import { certificateEndOf, inTransaction, openPool } from './connection.ts';
import { ensureSystemTables, ensureTable } from './ddl.ts';
import type { EntraLogin } from './entra-login.ts';
import type { Namespace } from './identifiers.ts';
import { countRows, idsAfter, versionsById } from './merge.ts';
import { metadataMark, writeMetadata } from './metadata-tables.ts';
import * as rejectedRows from './rejected-rows.ts';
import { resyncRows } from './resync-rows.ts';
import { testDestination, testLimits } from './test-destination.ts';
import { wouldTake } from './would-take.ts';
import { sweepRows, writePage } from './write-page.ts';
import { writeRetries } from './write-retries.ts';

/** The connections of one login; a test has its own, so that it waits for no work, and no work for it. */
interface Pools {
  readonly pool: Pool;
  readonly testPool: Pool;
}

function postgresDestination(
  { pool, testPool }: Pools,
  namespace: Namespace,
  close: () => Promise<void>,
): Destination {
  const transaction = <T>(doing: string, work: (client: PoolClient) => Promise<T>) =>
    inTransaction(pool, doing, work);
  const onCheckpoint = (table: string) => `read or move the checkpoint of table "${table}"`;
  const onRejected = (table: string) => `read or settle rejected rows of table "${table}"`;
  return {
    test: (tables) => testDestination(testPool, namespace, tables),
    owners: (tables) =>
      inTransaction(testPool, 'read which profiles fill the tables', (client) =>
        checkpoints.readOwners(client, namespace, tables),
      ),
    ensureSystemTables: ({ hasDeleteLog }) => ensureSystemTables(pool, namespace, hasDeleteLog),
    ensureTable: (table) => ensureTable(pool, namespace, table),
    metadataMark: (table) =>
      transaction(`read the mark of table "${table}"`, (client) => metadataMark(client, namespace, table)),
    writeMetadata: (metadata) => writeMetadata(pool, namespace, metadata),
    claim: (table, owner) =>
      transaction(onCheckpoint(table), (client) => claimCheckpoint(client, namespace, table, owner)),
    restart: (table, turn) =>
      transaction(onCheckpoint(table), async (client) => {
        await checkpoints.takeTurn(client, namespace, table, turn);
        return checkpoints.restartCheckpoint(client, namespace, table, true);
      }),
    writePage: (page) => writePage(pool, namespace, page),
    sweep: (step) => sweepRows(pool, namespace, step),
    advance: (table, turn, advance) =>
      transaction(onCheckpoint(table), async (client) => {
        await checkpoints.takeTurn(client, namespace, table, turn);
        return checkpoints.moveCheckpoint(client, namespace, table, advance);
      }),
    checkpoint: (table) =>
      transaction(onCheckpoint(table), (client) => checkpoints.readCheckpoint(client, namespace, table)),
    dueRejectedRows: (table, now, limit) =>
      transaction(onRejected(table), (client) =>
        rejectedRows.dueRejectedRows(client, namespace, table, now, limit),
      ),
    nextAttemptAt: (table) =>
      transaction(onRejected(table), (client) => rejectedRows.nextAttemptAt(client, namespace, table)),
    writeRetries: (retry) => writeRetries(pool, namespace, retry),
    wouldTake: (table, tried) => wouldTake(pool, namespace, table, tried),
    giveUpRejectedRows: (table, rows, at) =>
      transaction(onRejected(table), async (client) => {
        // First, as every write does: a page that records rows meanwhile would be waited for, and wait.
        await checkpoints.lockCheckpoint(client, namespace, table);
        const failureCount = await rejectedRows.giveUpRejectedRows(client, namespace, table, rows, at);
        await checkpoints.noteDone(client, namespace, table, { failureCount });
        return failureCount;
      }),
    resync: (table, asked) => resyncRows(pool, namespace, table, asked),
    lastWrittenAt: (table) =>
      transaction(`read when table "${table}" was written`, (client) =>
        checkpoints.lastWrittenAt(client, namespace, table),
      ),
    rowCount: (table) =>
      transaction(`count the rows of table "${table}"`, (client) => countRows(client, namespace, table)),
    rowVersions: (table, ids) =>
      transaction(`read row versions of table "${table}"`, (client) =>
        versionsById(client, namespace, table, ids),
      ),
    idsAfter: (table, afterId, limit) =>
      transaction(`read ids of table "${table}"`, (client) =>
        idsAfter(client, namespace, table, afterId, limit),
      ),
    rejectedAmong: (table, ids) =>
      transaction(onRejected(table), (client) => rejectedRows.rejectedAmong(client, namespace, table, ids)),
    certificateEndsAt: () =>
      transaction('see the certificate of the server', async (client) => certificateEndOf(client)),
    close,
  };
}

/**
 * Destinations in PostgreSQL, 13 or later. All that are opened with one connection string share its connections. `entra`
 * is the login of those without a password.
 */
export function postgresDestinations(entra?: EntraLogin): Destinations {
  const pools = new Map<string, Pools & { users: number }>();
  const leave = async (connectionString: string) => {
    const shared = pools.get(connectionString);
    if (shared === undefined || --shared.users > 0) return;
    pools.delete(connectionString);
    await Promise.all([shared.pool.end(), shared.testPool.end()]);
  };
  return {
    open: (connectionString, namespace) => {
      const shared = pools.get(connectionString) ?? {
        pool: openPool(connectionString, undefined, entra),
        testPool: openPool(connectionString, testLimits, entra),
        users: 0,
      };
      pools.set(connectionString, shared);
      shared.users++;
      let isClosed = false;
      return postgresDestination(shared, namespace, async () => {
        if (isClosed) return;
        isClosed = true;
        await leave(connectionString);
      });
    },
  };
}
