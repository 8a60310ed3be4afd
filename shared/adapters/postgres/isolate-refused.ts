import type { DatabaseError, PoolClient } from 'pg';
import type { ServiceError } from '../../errors.ts';
import { isRowFaultOfPostgres } from './error-map.ts';

/** An item that PostgreSQL refuses even alone. */
export interface Refused<T> {
  readonly item: T;
  readonly error: DatabaseError;
}

/** So many items refused for one cause, and none accepted, raise the question whether any will be. */
const suspicious = 200;

/** Undoes what `attempt` did when PostgreSQL blames a row, and returns that; any other error is thrown. */
async function underSavepoint(
  client: PoolClient,
  attempt: () => Promise<void>,
): Promise<DatabaseError | undefined> {
  await client.query('SAVEPOINT attempt');
  try {
    await attempt();
    await client.query('RELEASE SAVEPOINT attempt');
    return undefined;
  } catch (error) {
    if (!isRowFaultOfPostgres(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    return error;
  }
}

const causeOf = ({ code, constraint, column }: DatabaseError) => [code, constraint, column].join();

function spread<T>(items: readonly T[], count: number): readonly T[] {
  const step = Math.max(1, items.length / count);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/**
 * Does `attempt` for all items at once, under a savepoint; when PostgreSQL blames a row, halves them until the refused ones
 * stand alone. `attempt` returns how many rows it changed; `count` is their sum. Any other error is thrown. The caller is in
 * a transaction.
 *
 * With `faultOfAll`: when the first items and as many from all over the rest are refused, all because of the same named
 * constraint or column, then the table is at fault and not its rows; what it returns is thrown.
 */
export async function isolateRefused<T>(
  client: PoolClient,
  items: readonly T[],
  attempt: (items: readonly T[]) => Promise<number>,
  faultOfAll?: (error: DatabaseError) => ServiceError,
): Promise<{ readonly count: number; readonly refused: readonly Refused<T>[] }> {
  const refused: Refused<T>[] = [];
  let count = 0;
  let isAnyAccepted = false;

  async function isEachRefusedFor(cause: string, some: readonly T[]): Promise<boolean> {
    for (const item of some) {
      const error = await underSavepoint(client, async () => {
        await attempt([item]);
        await client.query('ROLLBACK TO SAVEPOINT attempt');
      });
      if (error === undefined || causeOf(error) !== cause) return false;
    }
    return true;
  }

  async function halve(some: readonly T[]): Promise<void> {
    if (some.length === 0) return;
    let changed = 0;
    const error = await underSavepoint(client, async () => {
      changed = await attempt(some);
    });
    if (error === undefined) {
      isAnyAccepted = true;
      count += changed;
      return;
    }
    const [only] = some;
    if (only === undefined || some.length > 1) {
      const middle = some.length >> 1;
      await halve(some.slice(0, middle));
      await halve(some.slice(middle));
      return;
    }
    refused.push({ item: only, error });
    if (faultOfAll === undefined || isAnyAccepted || refused.length !== suspicious) return;
    const cause = causeOf(error);
    const isOneCause =
      (error.constraint ?? error.column) !== undefined &&
      refused.every((each) => causeOf(each.error) === cause);
    if (isOneCause && (await isEachRefusedFor(cause, spread(items.slice(suspicious), suspicious))))
      throw faultOfAll(error);
  }

  await halve(items);
  return { count, refused };
}
