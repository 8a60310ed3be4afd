import type { DestinationTable } from '../../model/table-schema.ts';
import type { Destination, Destinations } from '../../ports/destination.ts';
import { type Pools, sqlDestination, sqlDestinations } from '../sql/destination.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { Statements } from '../sql/statements.ts';
import { checkpointStatements } from './checkpoints.ts';
import { inTypes, type TypesOfTables } from './column-types.ts';
import { openPool, type SessionPool } from './connection.ts';
import { tableStatements } from './ddl.ts';
import type { SqlServerLogin } from './entra-login.ts';
import { inIsolatingTransaction } from './isolate-refused.ts';
import { metadataStatements } from './metadata-tables.ts';
import { rejectedRowStatements } from './rejected-rows.ts';
import { rowStatements } from './rows.ts';
import type { Session } from './session.ts';
import { testDestination } from './test-destination.ts';

const statementsOf = (session: Session, namespace: Namespace): Statements => ({
  checkpoints: checkpointStatements(session, namespace),
  rejectedRows: rejectedRowStatements(session, namespace),
  rows: rowStatements(session, namespace),
  tables: tableStatements(session, namespace),
  metadata: metadataStatements(session, namespace),
  certificateEnd: () => session.certificateEnd,
});

const sqlServerDialect = (entra?: SqlServerLogin): Dialect<SessionPool> => ({
  openPool: (connectionString, limits) => openPool(connectionString, limits, entra),
  closePool: (pool) => pool.close(),
  transactions: (pool, namespace) => (doing, work, options) =>
    inIsolatingTransaction(pool, doing, (session) => work(statementsOf(session, namespace)), options),
  test: testDestination,
});

/** The destination with its tables in these types. */
function withTypes(types: TypesOfTables, destination: Destination): Destination {
  const typed = <T extends { readonly table: DestinationTable }>(work: T): T => ({
    ...work,
    table: inTypes(types, work.table),
  });
  const all = (tables: readonly DestinationTable[]) => tables.map((table) => inTypes(types, table));
  return {
    ...destination,
    test: (tables) => destination.test(all(tables)),
    compare: (tables) => destination.compare(all(tables)),
    ensureTable: (table) => destination.ensureTable(inTypes(types, table)),
    writePage: (page) => destination.writePage(typed(page)),
    sweep: (step) => destination.sweep(typed(step)),
    writeRetries: (retry) => destination.writeRetries(typed(retry)),
    wouldTake: (table, tried) => destination.wouldTake(inTypes(types, table), tried),
  };
}

/** A destination over connections that the caller opens and closes. */
export function sqlServerDestination(
  pools: Pools<SessionPool>,
  namespace: Namespace,
  close: () => Promise<void>,
  types: TypesOfTables = 'classic',
): Destination {
  return withTypes(types, sqlDestination(sqlServerDialect(), pools, namespace, close));
}

/**
 * Destinations in SQL Server, 2016 or later, Azure SQL Database, Managed Instance and SQL database in Fabric. All that are
 * opened with one connection string share its connections. `entra` is the login of those without a password.
 */
export function sqlServerDestinations(
  entra?: SqlServerLogin,
  types: TypesOfTables = 'classic',
): Destinations {
  const { open } = sqlDestinations(sqlServerDialect(entra));
  return {
    open: (connectionString, namespace) => withTypes(types, open(connectionString, namespace)),
  };
}
