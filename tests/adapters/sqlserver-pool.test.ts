import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PoolLimits } from '../../shared/adapters/sql/pool-limits.ts';
import { boundedPool } from '../../shared/adapters/sqlserver/pool.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const usual: PoolLimits = {
  connections: 2,
  connectTimeoutMilliseconds: 300,
  queryTimeoutMilliseconds: 1000,
};

/** A pool over connections that only remember what was done to them. */
function setUp(limits: Partial<PoolLimits> = {}) {
  const made: ReturnType<typeof fakeConnection>[] = [];
  const failures: Error[] = [];
  const pool = boundedPool(
    async () => {
      const failure = failures.shift();
      if (failure) throw failure;
      made.push(fakeConnection(made.length));
      return made.at(-1) as (typeof made)[number];
    },
    { ...usual, ...limits },
  );
  return { pool, made, failures };
}

function fakeConnection(name: number) {
  const state = { name, isOpen: true, isHeld: true, resets: 0, isDeaf: false };
  return Object.assign(state, {
    isAlive: () => state.isOpen,
    reset: async () => {
      state.resets += 1;
      if (state.isDeaf) throw new Error('the network is gone');
    },
    mayEnd: (isIdle: boolean) => {
      state.isHeld = !isIdle;
    },
    close: () => {
      state.isOpen = false;
    },
  });
}

describe('a pool', () => {
  it('connects when it is needed, and gives a connection again in the state of a new login', async () => {
    const { pool, made } = setUp();
    expect(made).toHaveLength(0);
    const first = await pool.take('do it');
    expect(first).toMatchObject({ isHeld: true, resets: 0 });
    pool.give(first, false);
    expect(first.isHeld).toBe(false);
    expect(await pool.take('do it')).toBe(first);
    expect(first).toMatchObject({ isHeld: true, resets: 1 });
  });

  it('never gives a broken connection again', async () => {
    const { pool } = setUp();
    const first = await pool.take('do it');
    pool.give(first, true);
    expect(first.isOpen).toBe(false);
    expect(await pool.take('do it')).not.toBe(first);
  });

  it('replaces connections that broke while they were idle', async () => {
    const { pool, made } = setUp();
    const [first, second] = [await pool.take('do it'), await pool.take('do it')];
    pool.give(first, false);
    pool.give(second, false);
    second.isDeaf = true;
    first.close();
    expect(await pool.take('do it')).toBe(made[2]);
    expect(second.isOpen).toBe(false);
  });

  it('lets those wait who find all taken, in their order', async () => {
    const { pool } = setUp({ connections: 1 });
    const first = await pool.take('do it');
    const order: string[] = [];
    const waiting = ['a', 'b'].map(async (name) => {
      const connection = await pool.take('do it');
      order.push(name);
      pool.give(connection, false);
    });
    await vi.advanceTimersByTimeAsync(299);
    expect(order).toEqual([]);
    pool.give(first, false);
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b']);
  });

  it('lets nobody wait for longer than its limit, and forgets who gave up', async () => {
    const { pool } = setUp({ connections: 1 });
    const first = await pool.take('do it');
    const waiting = expect(pool.take('wait')).rejects.toMatchObject({ code: 'DESTINATION_BUSY' });
    await vi.advanceTimersByTimeAsync(300);
    await waiting;
    pool.give(first, false);
    expect(await pool.take('do it')).toBe(first);
  });

  it('gives the place of a connection that could not be made to the next', async () => {
    const { pool, failures, made } = setUp({ connections: 1 });
    failures.push(new Error('refused'), new Error('refused'));
    await expect(pool.take('do it')).rejects.toThrow('refused');
    await expect(pool.take('do it')).rejects.toThrow('refused');
    expect(await pool.take('do it')).toBe(made[0]);
  });

  it('closes what was idle for a minute, what was used often enough, and all when it is closed', async () => {
    const { pool, made } = setUp({ mostUses: 2 });
    pool.give(await pool.take('do it'), false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made[0]?.isOpen).toBe(false);

    pool.give(await pool.take('do it'), false);
    pool.give(await pool.take('do it'), false);
    expect(made).toHaveLength(2);
    expect(made[1]?.isOpen).toBe(false);

    const [third, fourth] = [await pool.take('do it'), await pool.take('do it')];
    pool.give(third, false);
    await pool.close();
    expect([third.isOpen, fourth.isOpen]).toEqual([false, true]);
    pool.give(fourth, false);
    expect(fourth.isOpen).toBe(false);
  });
});
