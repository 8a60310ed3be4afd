import { describe, expect, test } from 'vitest';
import type { ColumnType } from '../../shared/model/table-schema.ts';
import type { Destination } from '../../shared/ports/destination.ts';
import type { DestinationUnderTest } from '../contracts/destination-start.ts';
import { attribute } from '../fakes/fake-dataverse.ts';
import { profile, replicationWorld, table } from './replication-world.ts';

/** A schema of a server, to be filled as the old service would have left it. */
export interface OldDatabase extends DestinationUnderTest {
  readonly schema: string;
  typeName(type: ColumnType): string;
  /** The type of a column that numbers rows. */
  readonly numbered: string;
  quoted(name: string): string;
  run(statement: string): Promise<readonly unknown[]>;
}

const idOf = (n: number) => `0000000${n}-0000-4000-8000-000000000000`;
const longName = 'a name longer than the column that the old service made';

/** Tables and rows of the old service: one row that Dataverse has with another value, and one that it has no more. */
async function fill(old: OldDatabase, nameType: ColumnType): Promise<void> {
  const { run, quoted, typeName } = old;
  const named = (name: string) => `${old.schema}.${quoted(name)}`;
  const text = (maxLength: number) => typeName({ kind: 'text', maxLength });
  const [guid, datetime, bigint, int, bit] = (
    ['guid', 'datetime', 'bigint', 'integer', 'boolean'] as const
  ).map((kind) => typeName({ kind }));
  await run(`CREATE TABLE ${named(table)} (${quoted('Id')} ${guid} NOT NULL, ${quoted('SinkCreatedOn')} ${datetime} NULL,
    ${quoted('SinkModifiedOn')} ${datetime} NULL, accountid ${guid} NULL, name ${typeName(nameType)} NULL, legacycode ${text(10)} NULL,
    versionnumber ${bigint} NULL, CONSTRAINT "EPK[${old.schema}].[account]" PRIMARY KEY (${quoted('Id')}))`);
  await run(`CREATE TABLE ${named('DeleteLog')} (${quoted('Id')} ${old.numbered} NOT NULL PRIMARY KEY, ${quoted('EntityName')} ${text(64)} NOT NULL,
    ${quoted('RecordId')} ${text(64)} NOT NULL, ${quoted('SinkDeleteTime')} ${datetime} NOT NULL, ${quoted('VersionNumber')} ${bigint} NOT NULL)`);
  await run(`CREATE TABLE ${named('StateMetadata')} (${quoted('EntityName')} ${text(64)} NOT NULL, ${quoted('State')} ${int} NOT NULL,
    ${quoted('IsUserLocalizedLabel')} ${bit} NOT NULL, ${quoted('LocalizedLabelLanguageCode')} ${int} NOT NULL, ${quoted('LocalizedLabel')} ${text(350)} NULL,
    PRIMARY KEY (${['EntityName', 'State', 'IsUserLocalizedLabel', 'LocalizedLabelLanguageCode'].map(quoted).join(', ')}))`);
  await run(`INSERT INTO ${named('StateMetadata')} VALUES ('lead', 0, '0', 1033, 'Open')`);
  await run(`INSERT INTO ${named('DeleteLog')} (${['EntityName', 'RecordId', 'SinkDeleteTime', 'VersionNumber'].map(quoted).join(', ')})
    VALUES ('account', '${idOf(8)}', '2020-01-01', 600)`);
  for (const n of [1, 9]) {
    const name = nameType.kind === 'text' ? `'before'` : 'NULL';
    await run(
      `INSERT INTO ${named(table)} VALUES ('${idOf(n)}', '2020-01-01', '2020-01-01', '${idOf(n)}', ${name}, 'L${n}', 700)`,
    );
  }
}

/** Replication of seven rows into the database, whose rows are counted after every call that may change them. */
async function adopting(old: OldDatabase) {
  const counts: number[] = [];
  const writes = /^(ensureTable|ensureSystemTables|claim|writePage|sweep|advance)$/;
  const watched: Destination = new Proxy(old.destination, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || !writes.test(String(name))) return member;
      return async (...given: unknown[]) => {
        const answer: unknown = await member.apply(target, given);
        counts.push((await old.rows(table)).length);
        return answer;
      };
    },
  });
  const world = await replicationWorld({}, watched);
  const definition = world.source.definition(table);
  const { attributes } = definition;
  world.source.define({
    ...definition,
    attributes: [...attributes, attribute('fax', 'String', { maxLength: 50 })],
  });
  for (let n = 1; n <= 7; n += 1) world.source.put(table, idOf(n), { name: longName, fax: `${n}` });
  await world.call('activate');
  const phase = async () => (await world.syncStates.get(profile.id, table))?.phase;
  return {
    world,
    counts,
    async turns(most: number) {
      for (let turn = 0; turn < most && (await phase()) !== 'delta'; turn += 1) {
        world.tick(20);
        await world.deliver(0);
      }
    },
  };
}

/** How a database that the old service left is taken over, in this kind of server. */
export function describeAdoption(server: string, make: () => Promise<OldDatabase>): void {
  describe(`a database of the old service in ${server}`, () => {
    test('is taken over in place: it grows, its rows are refreshed, and nothing is dropped', async () => {
      const old = await make();
      await fill(old, { kind: 'text', maxLength: 20 });
      const { world, counts, turns } = await adopting(old);
      await turns(12);
      const rows = (await old.rows(table)).toSorted((one, other) =>
        String(one.Id).localeCompare(String(other.Id)),
      );
      expect(rows.map(({ Id }) => Id)).toEqual([1, 2, 3, 4, 5, 6, 7].map(idOf));
      for (const row of rows) expect(row).toMatchObject({ name: longName, fax: row.Id?.slice(7, 8) });
      expect(rows[0]).toMatchObject({ legacycode: 'L1', SinkCreatedOn: '2020-01-01T00:00:00Z' });
      expect(rows[1]).toMatchObject({ legacycode: null });
      expect(await old.deleteLog()).toEqual([
        { table, id: idOf(8), version: '600' },
        { table, id: idOf(9), version: '700' },
      ]);
      const metadata = `${old.schema}.${old.quoted('StateMetadata')}`;
      expect(await old.run(`SELECT * FROM ${metadata}`)).toHaveLength(1);
      // A reader finds rows at every moment.
      expect(counts.length).toBeGreaterThan(5);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
      world.source.put(table, idOf(1), { name: 'after' });
      world.tick(700);
      await world.deliver(0);
      expect((await old.rows(table)).find(({ Id }) => Id === idOf(1))).toMatchObject({ name: 'after' });
    });

    test('with a column of another kind is left as it is, and the column is named', async () => {
      const old = await make();
      await fill(old, { kind: 'guid' });
      const before = await old.rows(table);
      const { world, turns } = await adopting(old);
      await turns(2);
      const expected = `column "name" is ${old.typeName({ kind: 'guid' })}, expected `;
      expect(JSON.stringify(await world.syncStates.get(profile.id, table))).toContain(
        JSON.stringify(expected).slice(1, -1),
      );
      expect(await old.rows(table)).toEqual(before);
    });
  });
}
