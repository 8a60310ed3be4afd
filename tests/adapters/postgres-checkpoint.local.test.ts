import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTransaction, openPool, runLong } from '../../shared/adapters/postgres/connection.ts';
import { aTable, idOf, later, readAt, rowOf, startDestination } from '../contracts/destination-start.ts';
import { openPostgresUnderTest, type PostgresUnderTest } from './postgres-schema.ts';

let postgres: PostgresUnderTest;
beforeAll(async () => {
  postgres = await openPostgresUnderTest();
});
afterAll(() => postgres.close());

const run = (text: string) => postgres.admin.query(text);
async function start() {
  const under = await postgres.freshSchema();
  const named = (table: string) => `${under.schema}."${table}"`;
  return { named, ...(await startDestination(async () => under)) };
}

describe('the checkpoint table of an older version', () => {
  it('gets the columns that it lacks, keeps its rows, and goes on', async () => {
    const { named, destination, first, write } = await start();
    const { checkpoint } = await write(first, {
      rows: [rowOf(1, 1)],
      advance: { phase: 'delta', link: 'x' },
    });
    const lacking = ['LastWrittenAt', 'Ranges', 'Columns', 'Refill'].map(
      (column) => `DROP COLUMN "${column}"`,
    );
    await run(`ALTER TABLE ${named('ReplicationCheckpoint')} ${lacking.join(', ')}`);
    await destination.ensureSystemTables({ hasDeleteLog: true });
    expect(await destination.checkpoint('account')).toEqual(checkpoint);
    expect(await destination.lastWrittenAt('account')).toEqual(readAt);
    const advance = { shape: 'x', ranges: [{ link: 'y' }] };
    const moved = await write(checkpoint, { rows: [rowOf(2, 2)], advance, readAt: later });
    expect(moved.checkpoint).toMatchObject(advance);
    expect(await destination.lastWrittenAt('account')).toEqual(later);
  });
});

describe('when a table was last written', () => {
  it('is told from the checkpoint, without a look at the rows', async () => {
    const { named, destination, first, write } = await start();
    await write(first, { rows: [rowOf(1, 1)], readAt: later });
    await run(
      `REVOKE SELECT ON ${named('account')} FROM exporter; ALTER TABLE ${named('account')} OWNER TO postgres`,
    );
    expect(await destination.lastWrittenAt('account')).toEqual(later);
  });

  it('is told of rows from before the checkpoint, and stays known when earlier rows are written', async () => {
    const { named, destination } = await start();
    const lead = { ...aTable, name: 'lead' };
    await destination.ensureTable(lead);
    await run(
      `INSERT INTO ${named('lead')} ("Id", "SinkModifiedOn") VALUES ('${idOf(1)}', '${later.toISOString()}')`,
    );
    const { checkpoint: turn } = await destination.claim('lead', { profileId: idOf(9), activation: 1 });
    const page = {
      table: lead,
      turn,
      advance: {},
      rows: [rowOf(2, 2)],
      deletedIds: [],
      mode: 'newer',
    } as const;
    await destination.writePage({ ...page, readAt, isDeleteLogged: false, nextAttemptAt: later });
    expect(await destination.lastWrittenAt('lead')).toEqual(later);
    expect(await destination.lastWrittenAt('lead')).toEqual(later);
  });

  it('includes retries', async () => {
    const { destination, first, write, due } = await start();
    const { checkpoint } = await write(first, {
      rows: [rowOf(1, 1, { name: 'far too long for this column' })],
    });
    const retry = { table: aTable, turn: checkpoint, tried: await due(), rows: [rowOf(1, 2)], goneIds: [] };
    await destination.writeRetries({ ...retry, readAt: later, nextAttemptAt: later, isDeleteLogged: true });
    expect(await destination.lastWrittenAt('account')).toEqual(later);
  });
});

describe('a sweep', () => {
  it('goes on where the last step ended, and reads each row once', async () => {
    const { destination, first, write, names } = await start();
    const rows = Array.from({ length: 100 }, (_, index) => rowOf(index, 1));
    let turn = (await write(first, { rows })).checkpoint;
    const seen = rows.filter((_, index) => index !== 55 && index !== 99);
    turn = await destination.restart('account', turn);
    turn = (await write(turn, { rows: seen, mode: 'reload', readAt: later })).checkpoint;
    turn = await destination.advance('account', turn, { phase: 'sweep' });
    const positions: (string | undefined)[] = [];
    while (turn.phase === 'sweep') {
      const step = { table: aTable, turn, before: later, limit: 1, isDeleteLogged: true, sweptAt: later };
      turn = (await destination.sweep({ ...step, advance: { phase: 'delta', link: 'x' } })).checkpoint;
      positions.push(turn.link);
    }
    expect(positions).toEqual([...[19, 39, 55, 75, 95, 99].map(idOf), 'x']);
    expect(Object.keys(await names()).sort()).toEqual(seen.map((row) => row.accountid));
  });
});

describe('statements', () => {
  it('that read or write a whole table have no time limit of the server; the others have', async () => {
    const pool = openPool(postgres.exporterUrl);
    const limits = await inTransaction(pool, 'look', async (client) => {
      const { rows } = await client.query<{ statement_timeout: string }>('SHOW statement_timeout');
      const long = await runLong<{ statement_timeout: string }>(client, 'SHOW statement_timeout');
      return [...rows, ...long.rows].map((row) => row.statement_timeout);
    });
    expect(limits).toEqual(['2min', '0']);
    await pool.end();
  });

  it('that give up rejected rows wait for the checkpoint before they lock a record, as pages do', async () => {
    const { named, destination, first, write, due } = await start();
    await write(first, { rows: [rowOf(1, 1, { name: 'far too long for this column' })] });
    const given = await due();
    await run(`BEGIN; SELECT 1 FROM ${named('ReplicationCheckpoint')} FOR UPDATE`);
    const settling = destination.giveUpRejectedRows('account', given, later);
    const waiting = 'SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))';
    while ((await run('SELECT pg_stat_clear_snapshot()')) && (await run(waiting)).rowCount === 0)
      await sleep(20);
    await run(`SELECT 1 FROM ${named('ReplicationRejectedRow')} FOR UPDATE NOWAIT`).finally(() =>
      run('COMMIT'),
    );
    expect(await settling).toBe(1);
  });
});
