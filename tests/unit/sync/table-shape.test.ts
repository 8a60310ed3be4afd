import { describe, expect, test } from 'vitest';
import type { TableDefinition } from '../../../shared/model/table-schema.ts';
import type { Dataverse } from '../../../shared/ports/dataverse.ts';
import { tableShapes } from '../../../shared/sync/table-shape.ts';
import { metadataChangesContract } from '../../contracts/metadata-changes.ts';
import { attribute, fakeDataverse, smallTable } from '../../fakes/fake-dataverse.ts';
import { fakeDestination } from '../../fakes/fake-destination.ts';
import type { ToldChanges } from '../../fakes/fake-metadata-changes.ts';
import { profile } from '../../scenarios/replication-world.ts';

const organization = { id: '', name: 'Contoso', url: 'https://contoso.example/', tenantId: '' };
const idOf = (table: string, name: string) => `${table}-${name}`;
const rating = (text: string) => [
  { attribute: 'rating', isGlobal: false, options: [{ value: 1, labels: [{ text, language: 1033 }] }] },
];

/** Two tables whose columns tell their metadata ids. */
function organizationOf(metadataChanges: ToldChanges = 'of-now') {
  const source = fakeDataverse(organization, ['account', 'contact'], { metadataChanges });
  const define = (definition: TableDefinition) => {
    const { logicalName: table, attributes } = definition;
    const withIds = attributes.map((one) => ({ ...one, metadataId: idOf(table, one.logicalName) }));
    source.define({ ...definition, attributes: withIds });
  };
  const addColumn = (table: string, name: string) => {
    const definition = source.definition(table);
    define({ ...definition, attributes: [...definition.attributes, attribute(name, 'Integer')] });
  };
  const dropColumn = (table: string, name: string) => {
    const definition = source.definition(table);
    const attributes = definition.attributes.filter(({ logicalName }) => logicalName !== name);
    define({ ...definition, attributes });
  };
  for (const table of ['account', 'contact']) define(smallTable(table));
  addColumn('account', 'rating');
  source.defineOptions('account', rating('Hot'));
  return { source, addColumn, dropColumn };
}

async function start(told?: ToldChanges) {
  const { source, addColumn, dropColumn } = organizationOf(told);
  const asked: string[] = [];
  const dataverse = new Proxy(source.dataverse, {
    get:
      (target, name) =>
      (...given: unknown[]) => {
        asked.push(
          `${String(name)}${name === 'metadataChanges' && given[1] === undefined ? ' (stamp)' : ''}`,
        );
        return Reflect.get(target, name)(...given);
      },
  }) as Dataverse;
  let now = Date.parse('2026-01-01T00:00:00Z');
  const shapes = tableShapes({ now: () => new Date(now), sleep: async () => {} }, false);
  const destination = fakeDestination();
  const of = async (seen?: string, table = 'account') => {
    asked.length = 0;
    const shape = await shapes.of(profile, table, dataverse, destination, seen);
    return { asked: [...asked], columns: shape.query.columns };
  };
  /** As where an answer tells the version of now. */
  const told_ = async (table?: string) => of(await source.dataverse.metadataVersion(), table);
  await of();
  const pass = (minutes: number) => {
    now += minutes * 60_000;
  };
  const labels = () => destination.metadataRows('OptionSetMetadata')?.map((row) => row.LocalizedLabel);
  return { source, addColumn, dropColumn, shapes, of, told: told_, pass, labels, asked };
}

const inFull = ['tableDefinition', 'optionSets'];

test('the first read of a process asks for one stamp, and tables that begin together for one version', async () => {
  const { asked, of, shapes, pass } = await start();
  expect(asked).toEqual(['metadataVersion', 'metadataChanges (stamp)', ...inFull]);
  expect((await of(undefined, 'contact')).asked).toEqual(inFull);
  shapes.forget(profile, 'contact');
  pass(1);
  expect((await of(undefined, 'contact')).asked).toEqual(['metadataVersion', 'tableDefinition']);
});

describe('when the metadata of the organization has moved', () => {
  test('a table of which nothing changed costs one small request, and nothing until it moves again', async () => {
    const { told, addColumn } = await start();
    for (const column of ['new_a', 'new_b']) {
      addColumn('contact', column);
      expect((await told()).asked).toEqual(['metadataChanges']);
      expect((await told()).asked).toEqual([]);
    }
  });

  test('a new column is found, and what moves afterwards costs one small request again', async () => {
    const { told, addColumn } = await start();
    addColumn('account', 'new_motto');
    const { asked, columns } = await told();
    expect(asked).toEqual(['metadataChanges', ...inFull]);
    expect(columns).toContain('new_motto');
    addColumn('contact', 'new_a');
    expect((await told()).asked).toEqual(['metadataChanges']);
  });

  test('a label is followed', async () => {
    const { source, told, labels } = await start();
    source.defineOptions('account', rating('Warm'));
    expect((await told()).asked).toEqual(['metadataChanges', ...inFull]);
    expect(labels()).toEqual(['Warm']);
  });

  test('a deleted column is found by its id, and one of another table is none', async () => {
    const { told, addColumn, dropColumn } = await start();
    addColumn('contact', 'new_a');
    await told();
    dropColumn('contact', 'new_a');
    expect((await told()).asked).toEqual(['metadataChanges']);
    dropColumn('account', 'importsequencenumber');
    const { asked, columns } = await told();
    expect(asked).toEqual(['metadataChanges', ...inFull]);
    expect(columns).not.toContain('importsequencenumber');
  });

  test('a deleted column is found also where columns tell no ids', async () => {
    const { source, told, dropColumn } = await start();
    source.define(smallTable('account'));
    await told();
    dropColumn('contact', 'importsequencenumber');
    expect((await told()).asked).toEqual(['metadataChanges', ...inFull]);
  });

  test('a column that is made while the definition is read is told by the next answer', async () => {
    const { source, told, addColumn, shapes } = await start();
    const { tableDefinition } = source.dataverse;
    source.dataverse.tableDefinition = async (name) => {
      const definition = await tableDefinition(name);
      addColumn('account', 'new_motto');
      source.dataverse.tableDefinition = tableDefinition;
      return definition;
    };
    shapes.forget(profile, 'account');
    await told();
    expect((await told()).columns).toContain('new_motto');
  });

  test('a stamp that has expired costs a new one, and the definition is read', async () => {
    const { told, addColumn } = await start('expired');
    addColumn('account', 'new_motto');
    const { asked, columns } = await told();
    expect(asked).toEqual(['metadataChanges', 'metadataChanges (stamp)', ...inFull]);
    expect(columns).toContain('new_motto');
  });

  test('an organization that refuses the question is asked it once in ten minutes, and read in full', async () => {
    const { told, addColumn, pass, asked } = await start('refused');
    expect(asked).toEqual(['metadataVersion', 'metadataChanges (stamp)', ...inFull]);
    addColumn('contact', 'new_a');
    expect((await told()).asked).toEqual(inFull);
    addColumn('account', 'new_motto');
    pass(10);
    const later = await told();
    expect(later.asked).toEqual(['metadataChanges (stamp)', ...inFull]);
    expect(later.columns).toContain('new_motto');
  });

  test('a forgotten shape is read in full, with the stamp that is there', async () => {
    const { told, shapes } = await start();
    shapes.forget(profile, 'account');
    expect((await told()).asked).toEqual(['tableDefinition']);
  });

  test('a change that a server with an old cache leaves out is told by the next answer', async () => {
    const { source, of, addColumn } = await start('of-stale-version');
    source.tellStaleVersion(true);
    addColumn('account', 'new_motto');
    const stale = await of('100');
    expect([stale.asked, stale.columns.includes('new_motto')]).toEqual([['metadataChanges'], false]);
    source.tellStaleVersion(false);
    expect((await of('101')).columns).toContain('new_motto');
  });
});

describe('while nothing tells that the metadata has moved', () => {
  test('its version is asked for every ten minutes, and the definition is read every half hour', async () => {
    const { of, pass } = await start();
    const minutes = [];
    for (let minute = 1; minute <= 60; minute += 1) {
      pass(1);
      const { asked } = await of();
      if (asked.length > 0) minutes.push([minute, asked.length]);
    }
    expect(minutes).toEqual([
      [10, 1],
      [20, 1],
      [30, 3],
      [40, 1],
      [50, 1],
      [60, 3],
    ]);
  });

  test('a change that the organization does not tell is found within half an hour', async () => {
    const { source, of, pass, addColumn, labels } = await start();
    source.dataverse.metadataChanges = async () => ({ stamp: '1', isChanged: false, deletedIds: [] });
    addColumn('account', 'new_motto');
    source.defineOptions('account', rating('Warm'));
    pass(10);
    expect([(await of()).columns.includes('new_motto'), labels()]).toEqual([false, ['Hot']]);
    pass(20);
    expect([(await of()).columns.includes('new_motto'), labels()]).toEqual([true, ['Warm']]);
  });

  test('an organization that was restored is read in full, and takes a stamp of its own time', async () => {
    const { source, of, told, pass, addColumn } = await start();
    addColumn('contact', 'new_a');
    await told();
    source.restoreVersion();
    pass(10);
    expect((await of()).asked).toEqual(expect.arrayContaining(['metadataChanges (stamp)', ...inFull]));
    addColumn('account', 'new_motto');
    expect((await told()).columns).toContain('new_motto');
  });
});

test('a table whose shape was renewed while it was asked for is not put back', async () => {
  const { source, of, addColumn, shapes } = await start();
  const { metadataChanges } = source.dataverse;
  source.dataverse.metadataChanges = async (...given) => {
    const changes = await metadataChanges(...given);
    source.dataverse.metadataChanges = metadataChanges;
    addColumn('account', 'new_motto');
    shapes.forget(profile, 'account');
    await of('100');
    return changes;
  };
  expect((await of('100')).columns).toContain('new_motto');
});

describe('the organization in memory', () => {
  const fakeOf = async () => {
    let how: 'told' | 'expired' | 'refused' = 'told';
    const { source, addColumn, dropColumn } = organizationOf();
    const { metadataChanges } = source.dataverse;
    const { dataverse: refusing } = organizationOf('refused').source;
    const { dataverse: expired } = organizationOf('expired').source;
    const answering = {
      told: metadataChanges,
      refused: refusing.metadataChanges,
      expired: expired.metadataChanges,
    };
    const dataverse: Dataverse = {
      ...source.dataverse,
      metadataChanges: async (...given) => answering[how](...given),
    };
    return {
      dataverse,
      addColumn: async (table: string, name: string) => addColumn(table, name),
      dropColumn: async (table: string, name: string) => dropColumn(table, name),
      relabel: async (table: string, text: string) => source.defineOptions(table, rating(text)),
      answers: async (wanted: typeof how) => {
        how = wanted;
      },
    };
  };
  metadataChangesContract(fakeOf);
});
