import type { AddressInfo } from 'node:net';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction, openPool } from '../../shared/adapters/postgres/connection.ts';
import { ensureStage } from '../../shared/adapters/postgres/load-staging.ts';
import { aTable } from '../contracts/destination-start.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

const closing: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

const limits = { connections: 1, connectTimeoutMilliseconds: 300, queryTimeoutMilliseconds: 1000 };
function open(url = postgres.exporterUrl): Pool {
  const pool = openPool(url, limits);
  closing.push(() => pool.end());
  return pool;
}

async function sessionOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

/** A network in front of the server that can fall silent: nothing is refused, nothing arrives any more. */
async function networkThatFallsSilent() {
  const server = new URL(postgres.exporterUrl);
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connectTo(Number(server.port), server.hostname);
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const url = Object.assign(new URL(postgres.exporterUrl), {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
  });
  const fallSilent = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { url: url.href, fallSilent };
}

describe('a connection to PostgreSQL', () => {
  it('that another step keeps is no fault of the server', async () => {
    const pool = open();
    const waiting = inTransaction(pool, 'do the first', async (client) => {
      await sessionOf(client);
      return inTransaction(pool, 'do the second', sessionOf).catch((error: unknown) => error);
    });
    expect(await waiting).toMatchObject({
      code: 'DESTINATION_BUSY',
      message:
        'Cannot do the second: all 1 connections that this process may open to the database stayed in use.',
    });
  });

  it('to a server that does not answer is unreachable', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = Object.assign(new URL(postgres.exporterUrl), {
      host: `127.0.0.1:${(silent.address() as AddressInfo).port}`,
    });
    await expect(inTransaction(open(url.href), 'do it', sessionOf)).rejects.toMatchObject({
      code: 'DESTINATION_UNREACHABLE',
    });
    silent.close();
  });

  it('whose network falls silent costs one timeout, and the next step gets another connection', async () => {
    const network = await networkThatFallsSilent();
    const pool = open(network.url);
    const startedAt = performance.now();
    const working = inTransaction(pool, 'do it', async (client) => {
      await sessionOf(client);
      network.fallSilent();
      await sessionOf(client);
    });
    await expect(working).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(1.8 * limits.queryTimeoutMilliseconds);
    expect(await inTransaction(pool, 'do it again', sessionOf)).toBeGreaterThan(0);
  });

  it.each([
    ['a database that became read-only', 'SET TRANSACTION READ ONLY', 'CREATE TABLE nowhere ()', false],
    ['a statement that failed', 'SELECT 1', 'SELECT * FROM nowhere', true],
  ])('is used again or not after %s', async (_, first, second, isKept) => {
    const pool = open();
    let before = 0;
    const failing = inTransaction(pool, 'do it', async (client) => {
      before = await sessionOf(client);
      await client.query(first);
      await client.query(second);
    });
    const code = isKept ? 'DESTINATION_OBJECT_MISSING' : 'DESTINATION_READ_ONLY';
    await expect(failing).rejects.toMatchObject({ code });
    expect((await inTransaction(pool, 'do it again', sessionOf)) === before).toBe(isKept);
  });

  it('is not used again after a mistake of the program, which may have left it in the middle of something', async () => {
    const pool = open();
    let before = 0;
    const failing = inTransaction(pool, 'do it', async (client) => {
      before = await sessionOf(client);
      throw new TypeError('a mistake');
    });
    await expect(failing).rejects.toThrow(TypeError);
    expect(await inTransaction(pool, 'do it again', sessionOf)).not.toBe(before);
  });

  it('that gets another session for every transaction, as behind PgBouncer, stages rows in each', async () => {
    const pool = open();
    const stages: string[] = [];
    for (const table of [aTable, aTable, { ...aTable, columns: aTable.columns.slice(1) }]) {
      await inTransaction(pool, 'stage rows', async (client) => {
        const stage = await ensureStage(client, table);
        stages.push(stage);
        await client.query(`INSERT INTO ${stage} (ordinal) VALUES (1)`);
        expect((await client.query(`SELECT * FROM ${stage}`)).rowCount).toBe(1);
      });
      // What `DISCARD TEMP` takes away is what another session has not.
      if (stages.length === 1) await pool.query('DISCARD TEMP');
    }
    expect(new Set(stages).size).toBe(2);
  });
});
