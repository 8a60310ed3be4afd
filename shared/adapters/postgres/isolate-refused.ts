import type { DatabaseError, PoolClient } from 'pg';
import { isRowFaultOfPostgres } from './error-map.ts';

/** An item that PostgreSQL refuses even alone. */
export interface Refused<T> {
  readonly item: T;
  readonly error: DatabaseError;
}

/**
 * Does `attempt` for all items at once, under a savepoint; when PostgreSQL blames a row, halves them until the refused ones
 * stand alone, and returns those. Any other error is thrown. The caller is in a transaction.
 */
export async function isolateRefused<T>(
  client: PoolClient,
  items: readonly T[],
  attempt: (items: readonly T[]) => Promise<void>,
): Promise<readonly Refused<T>[]> {
  if (items.length === 0) return [];
  await client.query('SAVEPOINT attempt');
  try {
    await attempt(items);
    await client.query('RELEASE SAVEPOINT attempt');
    return [];
  } catch (error) {
    if (!isRowFaultOfPostgres(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    const [only] = items;
    if (only !== undefined && items.length === 1) return [{ item: only, error }];
    const middle = items.length >> 1;
    return [
      ...(await isolateRefused(client, items.slice(0, middle), attempt)),
      ...(await isolateRefused(client, items.slice(middle), attempt)),
    ];
  }
}
