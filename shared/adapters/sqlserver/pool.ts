import { ServiceError } from '../../errors.ts';
import type { PoolLimits } from '../sql/pool-limits.ts';

/** What the pool needs of its connections. */
export interface Pooled {
  isAlive(): boolean;
  reset(): Promise<void>;
  mayEnd(isIdle: boolean): void;
  close(): void;
}

/** Connections that are used one after the other, so many at a time. */
export interface Pool<T extends Pooled> {
  /** A connection in the state of a new login. `DESTINATION_BUSY` when all stayed in use; errors of connecting as they are. */
  take(doing: string): Promise<T>;
  /** Back into the pool, or away when it is broken. */
  give(connection: T, isBroken: boolean): void;
  /** Closes the idle ones now, the others when they are given back. */
  close(): Promise<void>;
}

const idleMilliseconds = 60_000;

/** A pool that connects to nobody yet. */
export function boundedPool<T extends Pooled>(open: () => Promise<T>, limits: PoolLimits): Pool<T> {
  const idle: { readonly connection: T; readonly end: NodeJS.Timeout }[] = [];
  const waiting: (() => void)[] = [];
  const uses = new WeakMap<T, number>();
  let taken = 0;
  let isClosed = false;

  /** Waits until less than all are taken. */
  function place(doing: string): Promise<void> {
    if (taken < limits.connections) {
      taken++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const go = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(go), 1);
        const message = `Cannot ${doing}: all ${limits.connections} connections that this process may open to the database stayed in use.`;
        reject(new ServiceError('DESTINATION_BUSY', message));
      }, limits.connectTimeoutMilliseconds);
      waiting.push(go);
    });
  }

  /** The place goes to the next who waits. */
  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) taken--;
    else next();
  }

  /** An idle one that still answers; those that do not are closed. */
  async function anyIdle(): Promise<T | undefined> {
    for (let entry = idle.pop(); entry !== undefined; entry = idle.pop()) {
      clearTimeout(entry.end);
      const { connection } = entry;
      connection.mayEnd(false);
      try {
        if (connection.isAlive()) {
          await connection.reset();
          return connection;
        }
      } catch {
        // The server or the network ended it meanwhile; another one is tried.
      }
      connection.close();
    }
    return undefined;
  }

  return {
    async take(doing) {
      await place(doing);
      try {
        const connection = (await anyIdle()) ?? (await open());
        uses.set(connection, (uses.get(connection) ?? 0) + 1);
        return connection;
      } catch (error) {
        leave();
        throw error;
      }
    },
    give(connection, isBroken) {
      const isUsedUp = (uses.get(connection) ?? 0) >= (limits.mostUses ?? Number.POSITIVE_INFINITY);
      if (isBroken || isUsedUp || isClosed || !connection.isAlive()) connection.close();
      else {
        connection.mayEnd(true);
        const end = setTimeout(() => {
          idle.splice(idle.indexOf(entry), 1);
          connection.close();
        }, idleMilliseconds).unref();
        const entry = { connection, end };
        idle.push(entry);
      }
      leave();
    },
    async close() {
      isClosed = true;
      for (const { connection, end } of idle.splice(0)) {
        clearTimeout(end);
        connection.close();
      }
    },
  };
}
