import type { Finding } from '../../model/finding.ts';
import type { DestinationTable } from '../../model/table-schema.ts';
import type { Namespace } from './namespace.ts';
import type { PoolLimits } from './pool-limits.ts';
import type { Statements } from './statements.ts';

/**
 * Runs `work` in one transaction: committed when it resolves (unless `isKept` is false), rolled back when it throws. Foreign
 * errors become `DESTINATION_*`; `doing` completes "Cannot ...".
 */
export type InTransaction = <T>(
  doing: string,
  work: (statements: Statements) => Promise<T>,
  options?: { readonly isKept: boolean },
) => Promise<T>;

/** A kind of database: how it is connected to, and what is said to it. `Pool`: the connections of one login. */
export interface Dialect<Pool> {
  /** Connects to nobody yet. `SECRET_VALUE_INVALID` when the string is none. */
  openPool(connectionString: string, limits?: PoolLimits): Pool;
  closePool(pool: Pool): Promise<void>;
  transactions(pool: Pool, namespace: Namespace): InTransaction;
  /** Connects and tries what replication of these tables needs, leaving nothing behind. */
  test(pool: Pool, namespace: Namespace, tables: readonly DestinationTable[]): Promise<readonly Finding[]>;
}
