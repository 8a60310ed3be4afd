import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from './organization-client.ts';
import type { ReportingDatabase } from './reporting-database.ts';

/** Watches for rows in the reporting database. */
export type ArrivalWatch = {
  /** Resolves when the row is there in this version or a later one, to the moment (`performance.now()`) it was seen. */
  arrival(change: Change): Promise<number>;
};

const pollMilliseconds = 20;

/** One query at a time for all rows that are waited for in a table, so that watching costs the same for one and for many. */
export function arrivalWatch(
  database: Pick<ReportingDatabase, 'rowVersions'>,
  table: string,
  signal: AbortSignal,
): ArrivalWatch {
  const waiting = new Map<Change, PromiseWithResolvers<number>>();
  let isWatching = false;

  async function watch(): Promise<void> {
    isWatching = true;
    try {
      while (waiting.size > 0) {
        const ids = new Set([...waiting.keys()].map(({ id }) => id));
        const versions = await database.rowVersions(table, [...ids]);
        const now = performance.now();
        for (const [change, { resolve }] of waiting) {
          if ((versions.get(change.id) ?? -1n) < change.version) continue;
          waiting.delete(change);
          resolve(now);
        }
        await sleep(pollMilliseconds, undefined, { signal });
      }
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    } finally {
      isWatching = false;
    }
  }

  return {
    arrival(change) {
      const seen = Promise.withResolvers<number>();
      waiting.set(change, seen);
      if (!isWatching) void watch();
      return seen.promise;
    },
  };
}
