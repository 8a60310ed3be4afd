import type { Pool, PoolClient } from 'pg';
import type { Destinations } from '../../ports/destination.ts';
import { sqlDestinations } from '../sql/destination.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { EntraLogin } from '../sql/entra-login.ts';
import type { Namespace } from '../sql/namespace.ts';
import type { Statements } from '../sql/statements.ts';
import { checkpointStatements } from './checkpoints.ts';
import { certificateEndOf, inTransaction, openPool } from './connection.ts';
import { tableStatements } from './ddl.ts';
import { metadataStatements } from './metadata-tables.ts';
import { rejectedRowStatements } from './rejected-rows.ts';
import { rowStatements } from './rows.ts';
import { testDestination } from './test-destination.ts';

const statementsOf = (client: PoolClient, namespace: Namespace): Statements => ({
  checkpoints: checkpointStatements(client, namespace),
  rejectedRows: rejectedRowStatements(client, namespace),
  rows: rowStatements(client, namespace),
  tables: tableStatements(client, namespace),
  metadata: metadataStatements(client, namespace),
  certificateEnd: () => certificateEndOf(client),
});

const postgresDialect = (entra: EntraLogin | undefined): Dialect<Pool> => ({
  openPool: (connectionString, limits) => openPool(connectionString, limits, entra),
  closePool: (pool) => pool.end(),
  transactions: (pool, namespace) => (doing, work, options) =>
    inTransaction(pool, doing, (client) => work(statementsOf(client, namespace)), options),
  test: testDestination,
});

/**
 * Destinations in PostgreSQL, 13 or later. All that are opened with one connection string share its connections. `entra`
 * is the login of those without a password.
 */
export function postgresDestinations(entra?: EntraLogin): Destinations {
  return sqlDestinations(postgresDialect(entra));
}
