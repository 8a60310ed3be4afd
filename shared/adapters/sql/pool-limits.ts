/** What the connections of one login may do. */
export interface PoolLimits {
  readonly connections: number;
  /** To connect, or to wait for a connection that another step uses. */
  readonly connectTimeoutMilliseconds: number;
  /** For one statement; above the server's own limit, if it has one, which ends it first unless the network is gone. */
  readonly queryTimeoutMilliseconds: number;
  /** After which a connection is closed; absent: never. */
  readonly mostUses?: number;
}

export const usualLimits: PoolLimits = {
  connections: 16,
  connectTimeoutMilliseconds: 30_000,
  queryTimeoutMilliseconds: 150_000,
};

/** Every test logs in anew: a connection that is kept says nothing of the password. Few at a time, so that many tests at once do no harm. */
export const testLimits: PoolLimits = {
  connections: 4,
  connectTimeoutMilliseconds: 10_000,
  queryTimeoutMilliseconds: 6_000,
  mostUses: 1,
};

/** Under the time that the Functions host gives to one invocation: for a statement whose time grows with the table. */
export const longQueryTimeoutMilliseconds = 540_000;
