import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DestinationTable } from '../../shared/model/table-schema.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import { fingerprint } from '../../shared/schema/fingerprint.ts';
import { systemTables } from '../../shared/schema/system-tables.ts';
import {
  aTable,
  type DestinationUnderTest,
  idOf,
  later,
  readAt,
  rowOf,
  startDestination,
} from './destination-start.ts';

const wider: DestinationTable = {
  ...aTable,
  columns: [
    ...aTable.columns.map((column) =>
      column.name === 'name' ? { ...column, type: { kind: 'text', maxLength: 40 } as const } : column,
    ),
    { name: 'fax', type: { kind: 'text', maxLength: 50 }, source: 'fax' },
  ],
};

/** How tables, their checkpoints and reloads behave. */
export function describeTables(make: () => Promise<DestinationUnderTest>): void {
  const start = () => startDestination(make);

  describe('a claim', () => {
    it('begins once an activation, and continues a delta where it stopped', async () => {
      const { destination, owner, first, write } = await start();
      expect(first).toMatchObject({ epoch: 1, sequence: 0, phase: 'identity', needsSweep: false });
      const advance = { phase: 'delta', link: 'delta link' } as const;
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
      expect(await destination.claim('account', owner)).toEqual({ checkpoint });
      const next = await destination.claim('account', { ...owner, activation: 2 });
      expect(next).toEqual({ checkpoint: { ...checkpoint, activation: 2, epoch: 2, sequence: 0 } });
      await expect(destination.claim('account', owner)).rejects.toMatchObject({
        code: 'DESTINATION_TURN_LOST',
      });
      await expect(write(checkpoint, {})).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
    });

    it('of an unfinished load or another profile starts anew, with a sweep over the rows that are there', async () => {
      const { destination, owner, first, write } = await start();
      const progress = { ranges: [{ link: 'x' }], rowsLoaded: 1, rowsExpected: 9 };
      const advance = { phase: 'load', link: 'x', deltaLink: 'y', ...progress } as const;
      const tooLong = rowOf(2, 2, { name: 'a name that is longer than its column' });
      await write(first, { rows: [rowOf(1, 1), tooLong], advance });
      const anew = { ...first, sequence: 0, needsSweep: true };
      const second = await destination.claim('account', { ...owner, activation: 2 });
      const nextAttemptAt = later;
      expect(second).toEqual({ checkpoint: { ...anew, activation: 2, epoch: 2 }, nextAttemptAt });
      const delta = await destination.advance('account', second.checkpoint, { phase: 'delta', link: 'z' });
      expect(delta.link).toBe('z');
      expect(await destination.nextAttemptAt('account')).toEqual(nextAttemptAt);
      const profileId = randomUUID();
      const third = await destination.claim('account', {
        profileId,
        activation: 1,
        replaces: owner.profileId,
      });
      expect(third).toEqual({ checkpoint: { ...anew, profileId, activation: 1, epoch: 3 } });
      expect(await destination.nextAttemptAt('account')).toBeUndefined();
    });

    it('of a table that another profile fills is refused, unless the caller names that profile', async () => {
      const { destination, owner, first, write } = await start();
      const { checkpoint } = await write(first, { advance: { phase: 'delta', link: 'x' } });
      const other = { profileId: randomUUID(), activation: 1 };
      for (const replaces of [{}, { replaces: randomUUID() }])
        await expect(destination.claim('account', { ...other, ...replaces })).rejects.toMatchObject({
          code: 'DESTINATION_TABLE_CONFLICT',
          parameters: [owner.profileId],
        });
      expect(await destination.checkpoint('account')).toEqual(checkpoint);
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
    it('takes a second call', async () => {
      const { destination, first, write } = await start();
      expect(await destination.ensureTable(aTable)).toEqual({ changes: [] });
      await write(first, { rows: [rowOf(1, 1)] });
      expect(await destination.ensureTable(aTable)).toEqual({ changes: [] });
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

    it('that somebody has dropped is loaded anew, without a sweep', async () => {
      const { destination, first, write, dropTable } = await start();
      const advance = { phase: 'delta', link: 'x', shape: fingerprint(aTable) } as const;
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
      expect(checkpoint.shape).toBe(fingerprint(aTable));
      await dropTable('account');
      await destination.ensureTable(aTable);
      const anew = await destination.checkpoint('account');
      expect(anew).toEqual({ ...first, epoch: 2, sequence: 0, successCount: 1, needsSweep: false });
      await expect(write(checkpoint, {})).rejects.toMatchObject({ code: 'DESTINATION_TURN_LOST' });
    });

    it('that lost a column which its rows had is loaded anew, with a sweep', async () => {
      const { destination, first, write } = await start();
      const shape = fingerprint(wider);
      await write(first, { rows: [rowOf(1, 1)], advance: { phase: 'delta', link: 'x', shape } });
      await destination.ensureTable(wider);
      const anew = await destination.checkpoint('account');
      expect(anew).toEqual({ ...first, epoch: 2, sequence: 0, successCount: 1, needsSweep: true });
    });

    it('that lost one is loaded anew also where another column is known no more', async () => {
      const { destination, first, write } = await start();
      const gone = { name: 'telex', type: { kind: 'text', maxLength: 9 }, source: 'telex' } as const;
      const shape = fingerprint({ ...wider, columns: [...wider.columns, gone] });
      await write(first, { rows: [rowOf(1, 1)], advance: { phase: 'delta', link: 'x', shape } });
      await destination.ensureTable(wider);
      expect(await destination.checkpoint('account')).toMatchObject({ epoch: 2, needsSweep: true });
    });

    it('that gets a column goes on where it is, whatever other column is known no more', async () => {
      const { destination, first, write } = await start();
      const columns = aTable.columns.filter(({ name }) => name !== 'description');
      const advance = { phase: 'delta', link: 'x', shape: fingerprint(aTable) } as const;
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
      const fax = { name: 'fax', type: { kind: 'text', maxLength: 50 }, source: 'fax' } as const;
      await destination.ensureTable({ ...aTable, columns: [...columns, fax] });
      expect(await destination.checkpoint('account')).toEqual(checkpoint);
    });

    it('that gets a column for the first time goes on where it is', async () => {
      const { destination, first, write } = await start();
      const advance = { phase: 'delta', link: 'x', shape: fingerprint(aTable) } as const;
      const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], advance });
      await destination.ensureTable(wider);
      expect(await destination.checkpoint('account')).toEqual(checkpoint);
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

  describe('a comparison', () => {
    const differencesIn = async (destination: Destination, table: DestinationTable) =>
      Object.fromEntries((await destination.compare([table])).map((each) => [each.table, each.differences]));

    it('finds everything missing where nothing was made, and makes nothing', async () => {
      const { destination } = await make();
      for (const _ of 'ab') {
        const differences = await differencesIn(destination, aTable);
        expect(Object.keys(differences)).toEqual(['account', ...Object.values(systemTables)]);
        for (const each of Object.values(differences)) expect(each).toEqual([{ kind: 'missing-table' }]);
      }
    });

    it('finds nothing in what replication made, after every step of its growth', async () => {
      const { destination } = await start();
      for (const table of [aTable, wider]) {
        await destination.ensureTable(table);
        expect(Object.values(await differencesIn(destination, table)).flat()).toEqual([]);
      }
    });

    it('tells columns that are missing, narrower, of another kind, and not wanted', async () => {
      const { destination } = await start();
      const columns = [
        ...aTable.columns.filter(({ name }) => name !== 'description' && name !== 'name'),
        { name: 'fax', type: { kind: 'boolean' } as const },
        { name: 'name', type: { kind: 'text' } as const },
      ].map((column) =>
        column.name === 'statecode' ? { ...column, type: { kind: 'guid' } as const } : column,
      );
      const { account = [] } = await differencesIn(destination, { ...aTable, columns });
      expect(account.map((each) => [each.kind, 'column' in each ? each.column : ''])).toEqual([
        ['missing-column', 'fax'],
        ['narrower-column', 'name'],
        ['conflicting-column', 'statecode'],
        ['unknown-column', 'description'],
      ]);
    });
  });

  it('tells when a row was last written', async () => {
    const { destination, first, write } = await start();
    expect(await destination.lastWrittenAt('account')).toBeUndefined();
    const { checkpoint } = await write(first, { rows: [rowOf(1, 1)], readAt: later });
    await write(checkpoint, { rows: [rowOf(2, 2)], readAt });
    expect(await destination.lastWrittenAt('account')).toEqual(later);
  });

  it('tells how many rows there are', async () => {
    const { destination, first, write } = await start();
    expect(await destination.rowCount('account')).toBe(0);
    await write(first, { rows: [rowOf(1, 1), rowOf(2, 2)] });
    expect(await destination.rowCount('account')).toBe(2);
  });

  it('tells the versions of rows that exist', async () => {
    const { destination, first, write } = await start();
    await write(first, { rows: [rowOf(1, '9007199254740993'), rowOf(2, 2)] });
    const versions = await destination.rowVersions('account', [idOf(1), idOf(3)]);
    expect([...versions]).toEqual([[idOf(1), '9007199254740993']]);
  });

  it('tells its ids part by part, each of them once, also while rows come and go', async () => {
    const { destination, first, write } = await start();
    expect(await destination.idsAfter('account', undefined, 2)).toEqual([]);
    const ids = [5, 3, 1, 4, 2].map((number) => rowOf(number, 1));
    const { checkpoint } = await write(first, { rows: ids });
    const parts = [await destination.idsAfter('account', undefined, 2)];
    await write(checkpoint, { deletedIds: [parts[0]?.[1] ?? ''] });
    for (let part = parts[0]; part && part.length === 2; parts.push(part))
      part = await destination.idsAfter('account', part[1], 2);
    expect(parts.map((part) => part.length)).toEqual([2, 2, 1]);
    expect(parts.flat().sort()).toEqual([1, 2, 3, 4, 5].map(idOf));
  });

  it('tells which profile fills a table, of those that have been claimed', async () => {
    const { destination, owner } = await start();
    const owners = await destination.owners(['account', 'contact']);
    expect([...owners]).toEqual([['account', owner.profileId]]);
  });

  it('tells of no owner before anything was made', async () => {
    const { destination } = await make();
    expect([...(await destination.owners(['account']))]).toEqual([]);
  });

  it('passes its own test', async () => {
    const { destination, isOldServer } = await start();
    const findings = await destination.test([aTable, { ...aTable, name: 'contact' }]);
    const expected = isOldServer ? ['ok', 'warning'] : ['ok'];
    expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set(expected));
  });
}
