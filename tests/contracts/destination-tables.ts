import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import {
  aTable,
  type DestinationUnderTest,
  idOf,
  later,
  readAt,
  rowOf,
  startDestination,
} from './destination-start.ts';

/** How tables, their checkpoints and reloads behave. */
export function describeTables(make: () => Promise<DestinationUnderTest>): void {
  const start = () => startDestination(make);

  describe('a reload', () => {
    const reload = { mode: 'reload', readAt: later } as const;

    it('sweeps what it has not seen, in steps, with the delete log', async () => {
      const { destination, first, write, names, deleteLog } = await start();
      let turn = (await write(first, { rows: [1, 2, 3, 4].map((number) => rowOf(number, number)) }))
        .checkpoint;
      turn = await destination.restart('account', turn);
      turn = (await write(turn, { ...reload, rows: [rowOf(2, 2), rowOf(5, 5)] })).checkpoint;
      const sweep = { table: aTable, before: later, limit: 2, advance: { phase: 'delta' } } as const;
      const rest = { isDeleteLogged: true, sweptAt: later };
      const one = await destination.sweep({ ...sweep, ...rest, turn });
      expect(one).toMatchObject({ deletedCount: 2, checkpoint: { phase: 'identity' } });
      const stale = destination.sweep({ ...sweep, ...rest, turn });
      await expect(stale).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
      const two = await destination.sweep({ ...sweep, ...rest, turn: one.checkpoint });
      expect(two).toMatchObject({ deletedCount: 1, checkpoint: { phase: 'delta' } });
      expect(await names()).toEqual({ [idOf(2)]: 'account 2', [idOf(5)]: 'account 5' });
      expect((await deleteLog()).map(({ version }) => version).sort()).toEqual(['1', '3', '4']);
    });

    it('sweeps neither a row that was refused nor one that is older than what is stored', async () => {
      const { destination, first, write, names } = await start();
      let turn = (await write(first, { rows: [rowOf(1, 1), rowOf(2, 9)] })).checkpoint;
      turn = await destination.restart('account', turn);
      const tooLong = { name: 'far too long for this column' };
      turn = (await write(turn, { ...reload, rows: [rowOf(1, 5, tooLong), rowOf(2, 9)] })).checkpoint;
      const given = await destination.dueRejectedRows('account', later, 10);
      expect(given).toMatchObject([{ id: idOf(1), changeType: 'Update' }]);
      await destination.settleRejectedRows('account', given);
      const step = { table: aTable, turn, before: later, limit: 10, advance: {}, sweptAt: later };
      expect(await destination.sweep({ ...step, isDeleteLogged: true })).toMatchObject({ deletedCount: 0 });
      expect(Object.keys(await names())).toHaveLength(2);
    });
  });

  describe('a claim', () => {
    it('begins once an activation, and continues a delta where it stopped', async () => {
      const { destination, owner, first, write } = await start();
      expect(first).toMatchObject({ epoch: 1, sequence: 0, phase: 'identity', needsSweep: false });
      const advance = { phase: 'delta', link: 'delta link' } as const;
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
      expect(await destination.claim('account', owner)).toEqual(checkpoint);
      const next = await destination.claim('account', { ...owner, activation: 2 });
      expect(next).toEqual({ ...checkpoint, activation: 2, epoch: 2, sequence: 0 });
      await expect(destination.claim('account', owner)).rejects.toMatchObject({
        code: 'DESTINATION_TURN_LOST',
      });
      await expect(write(checkpoint, {})).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
    });

    it('of an unfinished load or another profile starts anew, with a sweep over the rows that are there', async () => {
      const { destination, owner, first, write } = await start();
      const advance = { phase: 'load', link: 'x', deltaLink: 'y', rowsLoaded: 1, rowsExpected: 9 } as const;
      await write(first, { rows: [rowOf(1, 1)], advance });
      const anew = { ...first, sequence: 0, needsSweep: true };
      const second = await destination.claim('account', { ...owner, activation: 2 });
      expect(second).toEqual({ ...anew, activation: 2, epoch: 2 });
      const delta = await destination.advance('account', second, { phase: 'delta', link: 'z' });
      expect(delta.link).toBe('z');
      const profileId = randomUUID();
      const third = await destination.claim('account', { profileId, activation: 1 });
      expect(third).toEqual({ ...anew, profileId, activation: 1, epoch: 3 });
    });

    it('by two workers at the same moment gives both the same checkpoint', async () => {
      const { destination, otherWorker } = await start();
      const owner = { profileId: randomUUID(), activation: 1 };
      const [one, two] = await Promise.all([
        destination.claim('contact', owner),
        otherWorker.claim('contact', owner),
      ]);
      expect(one).toEqual(two);
    });
  });

  it('restarts a load in a new epoch, marked for a sweep, with its counts', async () => {
    const { destination, first, write } = await start();
    const { checkpoint } = await write(first, {
      rows: [rowOf(1, 1)],
      advance: { phase: 'delta', link: 'x' },
    });
    const restarted = await destination.restart('account', checkpoint);
    expect(restarted).toEqual({ ...first, epoch: 2, sequence: 0, needsSweep: true, successCount: 1 });
    const again = destination.restart('account', checkpoint);
    await expect(again).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
  });

  describe('a table', () => {
    const wider: DestinationTable = {
      ...aTable,
      columns: [
        ...aTable.columns.map((column) =>
          column.name === 'name' ? { ...column, type: { kind: 'text', maxLength: 40 } as const } : column,
        ),
        { name: 'fax', type: { kind: 'text', maxLength: 50 }, source: 'fax' },
      ],
    };

    it('tells whether it is empty, and takes a second call', async () => {
      const { destination, first, write } = await start();
      expect(await destination.ensureTable(aTable)).toEqual({ isEmpty: true, changes: [] });
      await write(first, { rows: [rowOf(1, 1)] });
      expect(await destination.ensureTable(aTable)).toEqual({ isEmpty: false, changes: [] });
    });

    it('only grows: columns are added and widened, never dropped or narrowed', async () => {
      const { destination, first, write, rows } = await start();
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)] });
      expect((await destination.ensureTable(wider)).changes).toHaveLength(2);
      expect((await destination.ensureTable(aTable)).changes).toEqual([]);
      const long = 'longer than twenty characters';
      const page = { table: wider, rows: [rowOf(1, 2, { name: long, fax: '1' }), rowOf(2, 3)] };
      const result = await write(checkpoint, page);
      expect(result.rejected).toEqual([]);
      expect(await rows('account')).toContainEqual(expect.objectContaining({ name: long, fax: '1' }));
    });

    it('can be asked for by several workers at the same moment', async () => {
      const { destination, otherWorker } = await start();
      const contact = { ...aTable, name: 'contact' };
      const both = [destination, otherWorker, destination, otherWorker];
      const results = await Promise.all(both.map((each) => each.ensureTable(contact)));
      expect(results.filter(({ changes }) => changes.length > 0)).toHaveLength(1);
    });

    it('with a column of a type that cannot be widened is a conflict', async () => {
      const { destination } = await start();
      const columns = [{ name: 'name', type: { kind: 'boolean' }, source: 'name' } as const];
      const changed = destination.ensureTable({ ...aTable, columns });
      await expect(changed).rejects.toMatchObject({ code: 'DESTINATION_TABLE_CONFLICT' });
    });
  });

  it('tells when a row was last written', async () => {
    const { destination, first, write } = await start();
    expect(await destination.lastWrittenAt('account')).toBeUndefined();
    const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], readAt: later });
    await write(checkpoint, { rows: [rowOf(2, 2)], readAt });
    expect(await destination.lastWrittenAt('account')).toEqual(later);
  });

  it('tells the versions of rows that exist', async () => {
    const { destination, first, write } = await start();
    await write(first, { rows: [rowOf(1, '9007199254740993'), rowOf(2, 2)] });
    const versions = await destination.rowVersions('account', [idOf(1), idOf(3)]);
    expect([...versions]).toEqual([[idOf(1), '9007199254740993']]);
  });

  it('passes its own test', async () => {
    const { destination } = await start();
    const findings = await destination.test(['account', 'contact']);
    expect(findings.map(({ severity }) => severity)).toEqual(['ok']);
  });
}
