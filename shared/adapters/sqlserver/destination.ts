import type { DestinationTable } from '../../model/table-schema.ts';
import type { Destination, Destinations } from '../../ports/destination.ts';
import * as checkpoints from './checkpoints.ts';
import { claimCheckpoint } from './claim-checkpoint.ts';
import { inTypes, type TypesOfTables } from './column-types.ts';
import { inTransaction, openPool, type SessionPool } from './connection.ts';
import { ensureTable } from './ddl.ts';
import type { EntraLogin } from './entra-login.ts';
import type { Namespace } from './identifiers.ts';
import { countRows, idsAfter, versionsById } from './merge.ts';
import { metadataMark, writeMetadata } from './metadata-tables.ts';
import * as rejectedRows from './rejected-rows.ts';
import { resyncRows } from './resync-rows.ts';
import type { Session } from './session.ts';
import { ensureSystemTables } from './system-tables.ts';
import { testDestination, testLimits } from './test-destination.ts';
import { compareTables } from './test-tables.ts';
import { wouldTake } from './would-take.ts';
import { sweepRows, writePage } from './write-page.ts';
import { writeRetries } from './write-retries.ts';

/** The connections of one login; a test has its own, so that it waits for no work, and no work for it. */
export interface Pools {
  readonly pool: SessionPool;
  readonly testPool: SessionPool;
}

/** One of them, over connections that the caller opens and closes. */
export function sqlServerDestination(
  { pool, testPool }: Pools,
  namespace: Namespace,
  close: () => Promise<void>,
  types: TypesOfTables = 'classic',
): Destination {
  const typed = <T extends { readonly table: DestinationTable }>(work: T): T => ({
    ...work,
    table: inTypes(types, work.table),
  });
  const all = (tables: readonly DestinationTable[]) => tables.map((table) => inTypes(types, table));
  const transaction = <T>(doing: string, work: (session: Session) => Promise<T>) =>
    inTransaction(pool, doing, work);
  const onCheckpoint = (table: string) => `read or move the checkpoint of table "${table}"`;
  const onRejected = (table: string) => `read or settle rejected rows of table "${table}"`;
  return {
    test: (tables) => testDestination(testPool, namespace, all(tables)),
    compare: (tables) =>
      transaction('compare the tables of the destination', (session) =>
        compareTables(session, namespace, all(tables)),
      ),
    owners: (tables) =>
      inTransaction(testPool, 'read which profiles fill the tables', (session) =>
        checkpoints.readOwners(session, namespace, tables),
      ),
    ensureSystemTables: ({ hasDeleteLog }) => ensureSystemTables(pool, namespace, hasDeleteLog),
    ensureTable: (table) => ensureTable(pool, namespace, inTypes(types, table)),
    metadataMark: (table) =>
      transaction(`read the mark of table "${table}"`, (session) => metadataMark(session, namespace, table)),
    writeMetadata: (metadata) => writeMetadata(pool, namespace, metadata),
    claim: (table, owner) =>
      transaction(onCheckpoint(table), (session) => claimCheckpoint(session, namespace, table, owner)),
    restart: (table, turn) =>
      transaction(onCheckpoint(table), async (session) => {
        await checkpoints.takeTurn(session, namespace, table, turn);
        return checkpoints.restartCheckpoint(session, namespace, table, true);
      }),
    writePage: (page) => writePage(pool, namespace, typed(page)),
    sweep: (step) => sweepRows(pool, namespace, typed(step)),
    advance: (table, turn, advance) =>
      transaction(onCheckpoint(table), async (session) => {
        const stored = await checkpoints.takeTurn(session, namespace, table, turn);
        return checkpoints.moveCheckpoint(session, namespace, stored, advance);
      }),
    checkpoint: (table) =>
      transaction(onCheckpoint(table), (session) => checkpoints.readCheckpoint(session, namespace, table)),
    dueRejectedRows: (table, now, limit) =>
      transaction(onRejected(table), (session) =>
        rejectedRows.dueRejectedRows(session, namespace, table, now, limit),
      ),
    nextAttemptAt: (table) =>
      transaction(onRejected(table), (session) => rejectedRows.nextAttemptAt(session, namespace, table)),
    writeRetries: (retry) => writeRetries(pool, namespace, typed(retry)),
    wouldTake: (table, tried) => wouldTake(pool, namespace, inTypes(types, table), tried),
    giveUpRejectedRows: (table, rows, at) =>
      transaction(onRejected(table), async (session) => {
        // First, as every write does: a page that records rows meanwhile would be waited for, and wait.
        await checkpoints.lockCheckpoint(session, namespace, table);
        const failureCount = await rejectedRows.giveUpRejectedRows(session, namespace, table, rows, at);
        await checkpoints.noteDone(session, namespace, table, { failureCount });
        return failureCount;
      }),
    resync: (table, asked) => resyncRows(pool, namespace, table, asked),
    lastWrittenAt: (table) =>
      transaction(`read when table "${table}" was written`, (session) =>
        checkpoints.lastWrittenAt(session, namespace, table),
      ),
    rowCount: (table) =>
      transaction(`count the rows of table "${table}"`, (session) => countRows(session, namespace, table)),
    rowVersions: (table, ids) =>
      transaction(`read row versions of table "${table}"`, (session) =>
        versionsById(session, namespace, table, ids),
      ),
    idsAfter: (table, afterId, limit) =>
      transaction(`read ids of table "${table}"`, (session) =>
        idsAfter(session, namespace, table, afterId, limit),
      ),
    rejectedAmong: (table, ids) =>
      transaction(onRejected(table), (session) => rejectedRows.rejectedAmong(session, namespace, table, ids)),
    certificateEndsAt: () =>
      transaction('see the certificate of the server', async (session) => session.certificateEnd),
    close,
  };
}

/**
 * Destinations in SQL Server, 2016 or later, Azure SQL Database, Managed Instance and SQL database in Fabric. All that are
 * opened with one connection string share its connections. `entra` is the login of those without a password.
 */
export function sqlServerDestinations(entra?: EntraLogin, types?: TypesOfTables): Destinations {
  const pools = new Map<string, Pools & { users: number }>();
  const leave = async (connectionString: string) => {
    const shared = pools.get(connectionString);
    if (shared === undefined || --shared.users > 0) return;
    pools.delete(connectionString);
    await Promise.all([shared.pool.close(), shared.testPool.close()]);
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
      const close = async () => {
        if (isClosed) return;
        isClosed = true;
        await leave(connectionString);
      };
      return sqlServerDestination(shared, namespace, close, types);
    },
  };
}
