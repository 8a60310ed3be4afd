import type { Destination, Destinations } from '../../ports/destination.ts';
import { claimCheckpoint, lastWrittenAt, restartCheckpoint, takeTurn } from './checkpoints.ts';
import { compareTables } from './compare-tables.ts';
import type { Dialect } from './dialect.ts';
import { ensureSystemTables, ensureTable } from './ensure-table.ts';
import type { Namespace } from './namespace.ts';
import { testLimits } from './pool-limits.ts';
import { resyncRows } from './resync-rows.ts';
import type { Statements } from './statements.ts';
import { wouldTake } from './would-take.ts';
import { writeMetadata } from './write-metadata.ts';
import { sweepRows, writePage } from './write-page.ts';
import { writeRetries } from './write-retries.ts';

/** The connections of one login; a test has its own, so that it waits for no work, and no work for it. */
export interface Pools<Pool> {
  readonly pool: Pool;
  readonly testPool: Pool;
}

/** A destination in a database of the dialect, over connections that the caller opens and closes. */
export function sqlDestination<Pool>(
  dialect: Dialect<Pool>,
  { pool, testPool }: Pools<Pool>,
  namespace: Namespace,
  close: () => Promise<void>,
): Destination {
  const inTransaction = dialect.transactions(pool, namespace);
  const inTest = dialect.transactions(testPool, namespace);
  const onCheckpoint = <T>(table: string, work: (statements: Statements) => Promise<T>) =>
    inTransaction(`read or move the checkpoint of table "${table}"`, work);
  const onRejected = <T>(table: string, work: (statements: Statements) => Promise<T>) =>
    inTransaction(`read or settle rejected rows of table "${table}"`, work);
  return {
    test: (tables) => dialect.test(testPool, namespace, tables),
    compare: (given) =>
      inTransaction('compare the tables of the destination', ({ tables }) => compareTables(tables, given)),
    owners: (tables) =>
      inTest('read which profiles fill the tables', ({ checkpoints }) => checkpoints.owners(tables)),
    ensureSystemTables: ({ hasDeleteLog }) => ensureSystemTables(inTransaction, hasDeleteLog),
    ensureTable: (table) => ensureTable(inTransaction, namespace, table),
    metadataMark: (table) =>
      inTransaction(`read the mark of table "${table}"`, ({ metadata }) => metadata.mark(table)),
    writeMetadata: (metadata) => writeMetadata(inTransaction, metadata),
    claim: (table, owner) => onCheckpoint(table, (statements) => claimCheckpoint(statements, table, owner)),
    restart: (table, turn) =>
      onCheckpoint(table, async (statements) => {
        await takeTurn(statements, table, turn);
        return restartCheckpoint(statements, table, true);
      }),
    writePage: (page) => writePage(inTransaction, page),
    sweep: (step) => sweepRows(inTransaction, step),
    advance: (table, turn, advance) =>
      onCheckpoint(table, async (statements) => {
        const stored = await takeTurn(statements, table, turn);
        return statements.checkpoints.move(stored, advance, {});
      }),
    checkpoint: (table) => onCheckpoint(table, ({ checkpoints }) => checkpoints.read(table)),
    dueRejectedRows: (table, now, limit) =>
      onRejected(table, ({ rejectedRows }) => rejectedRows.due(table, now, limit)),
    nextAttemptAt: (table) => onRejected(table, ({ rejectedRows }) => rejectedRows.nextAttemptAt(table)),
    writeRetries: (retry) => writeRetries(inTransaction, retry),
    wouldTake: (table, tried) => wouldTake(inTransaction, table, tried),
    giveUpRejectedRows: (table, rows, at) =>
      onRejected(table, async ({ checkpoints, rejectedRows }) => {
        // First, as every write does: a page that records rows meanwhile would be waited for, and wait.
        await checkpoints.lock(table);
        const failureCount = await rejectedRows.giveUp(table, rows, at);
        await checkpoints.noteDone(table, { failureCount });
        return failureCount;
      }),
    resync: (table, asked) => resyncRows(inTransaction, table, asked),
    lastWrittenAt: (table) =>
      inTransaction(`read when table "${table}" was written`, (statements) =>
        lastWrittenAt(statements, table),
      ),
    rowCount: (table) => inTransaction(`count the rows of table "${table}"`, ({ rows }) => rows.count(table)),
    rowVersions: (table, ids) =>
      inTransaction(`read row versions of table "${table}"`, ({ rows }) => rows.versions(table, ids)),
    idsAfter: (table, afterId, limit) =>
      inTransaction(`read ids of table "${table}"`, ({ rows }) => rows.idsAfter(table, afterId, limit)),
    rejectedAmong: (table, ids) => onRejected(table, ({ rejectedRows }) => rejectedRows.among(table, ids)),
    certificateEndsAt: () =>
      inTransaction('see the certificate of the server', async (statements) => statements.certificateEnd()),
    close,
  };
}

/** Destinations in databases of the dialect. All that are opened with one connection string share its connections. */
export function sqlDestinations<Pool>(dialect: Dialect<Pool>): Destinations {
  const pools = new Map<string, Pools<Pool> & { users: number }>();
  const leave = async (connectionString: string) => {
    const shared = pools.get(connectionString);
    if (shared === undefined || --shared.users > 0) return;
    pools.delete(connectionString);
    await Promise.all([dialect.closePool(shared.pool), dialect.closePool(shared.testPool)]);
  };
  return {
    open: (connectionString, namespace) => {
      const shared = pools.get(connectionString) ?? {
        pool: dialect.openPool(connectionString),
        testPool: dialect.openPool(connectionString, testLimits),
        users: 0,
      };
      pools.set(connectionString, shared);
      shared.users++;
      let isClosed = false;
      return sqlDestination(dialect, shared, namespace, async () => {
        if (isClosed) return;
        isClosed = true;
        await leave(connectionString);
      });
    },
  };
}
