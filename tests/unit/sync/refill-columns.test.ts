import { expect, test } from 'vitest';
import { ServiceError } from '../../../shared/errors.ts';
import { profile, replicationWorld, table, type WorldOptions } from '../../scenarios/replication-world.ts';

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** Eight rows that are loaded; then a column is added, and rows are written without it, because its version is told late. */
async function worldWithStaleRows(options: WorldOptions = {}) {
  const world = await replicationWorld(options);
  for (let n = 0; n < 8; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  await world.deliver(0);
  world.source.tellStaleVersion(true);
  world.addColumn('fax');
  for (let n = 0; n < 5; n += 1) world.source.put(table, idOf(n), { fax: String(n) });
  world.tick(20);
  await world.deliver(0);
  expect(faxes(world)).toEqual([]);
  world.source.tellStaleVersion(false);
  const asked: string[] = [];
  const { readPage } = world.source.dataverse;
  world.source.dataverse.readPage = async (request) => {
    asked.push(request.kind === 'rows' && request.withAnyOf ? `with ${request.withAnyOf}` : request.kind);
    return await readPage(request);
  };
  const turn = async (seconds = 400) => {
    world.tick(seconds);
    await world.deliver(0);
  };
  return { world, asked, turn };
}

type World = Awaited<ReturnType<typeof replicationWorld>>;
const faxes = (world: World) =>
  [...world.destination.rows(table).values()].flatMap(({ fax }) => fax ?? []).sort();
const allFaxes = ['0', '1', '2', '3', '4'];
const refillOf = async (world: World) => (await world.destination.checkpoint(table))?.refill;

test('rows that were written without a column get its values once it is known, by their own pages', async () => {
  const { world, asked, turn } = await worldWithStaleRows();
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  expect(faxes(world)).toEqual(allFaxes);
  expect(asked).toEqual(['delta', 'delta', 'with fax', 'next']);
  expect(await refillOf(world)).toBeUndefined();
  await turn();
  expect(asked.slice(4)).toEqual(['delta']);
});

test('where rows cannot be found by a value, all are read again', async () => {
  const { world, asked, turn } = await worldWithStaleRows({ valueFilter: 'refused' });
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  expect(faxes(world)).toEqual(allFaxes);
  expect(asked).toEqual(['delta', 'delta', 'with fax', 'rows', 'next', 'next']);
});

test('a long re-read lets changes come first, and goes on from its last page', async () => {
  const { world, asked, turn } = await worldWithStaleRows({ secondsAPage: 20 });
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  expect(await refillOf(world)).toMatchObject({ columns: ['fax'] });
  expect(faxes(world)).toEqual(['0', '1', '2']);
  world.source.put(table, idOf(0), { fax: 'newer' });
  await turn(0);
  expect(asked).toEqual(['delta', 'with fax', 'delta', 'next']);
  expect(faxes(world)).toEqual(['1', '2', '3', '4', 'newer']);
  expect(await refillOf(world)).toBeUndefined();
});

test('an older row of the re-read never overwrites a newer one', async () => {
  const { world, turn } = await worldWithStaleRows();
  const { readPage } = world.source.dataverse;
  world.source.dataverse.readPage = async (request) => {
    const page = await readPage(request);
    if (request.kind !== 'rows') return page;
    return { ...page, rows: page.rows.map((row) => ({ ...row, versionnumber: 1, fax: 'old' })) };
  };
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  expect(faxes(world)).not.toContain('old');
});

test('a column that is deleted before it is filled is forgotten', async () => {
  const { world, turn } = await worldWithStaleRows({ secondsAPage: 20 });
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  const definition = world.source.definition(table);
  const attributes = definition.attributes.filter(({ logicalName }) => logicalName !== 'fax');
  world.source.define({ ...definition, attributes });
  const { readPage } = world.source.dataverse;
  world.source.dataverse.readPage = async (request) => {
    if (request.query.columns.includes('fax'))
      throw new ServiceError('DATAVERSE_REQUEST_REFUSED', 'Cannot read: there is no property "fax".');
    return await readPage(request);
  };
  await turn(0);
  await turn();
  expect(await refillOf(world)).toBeUndefined();
  expect((await world.syncStates.get(profile.id, table))?.incident).toBeUndefined();
  expect(faxes(world)).toEqual(['0', '1', '2']);
});

test('a worker that does not know a column which rows were written with reads the definition first', async () => {
  const { world, turn } = await worldWithStaleRows();
  world.source.put(table, idOf(7), { name: 'second' });
  world.tick(400);
  await world.deliverElsewhere(0);
  expect(faxes(world)).toEqual(allFaxes);
  world.source.tellStaleVersion(true);
  world.source.put(table, idOf(6), { fax: '6' });
  await turn();
  expect(faxes(world)).toEqual([...allFaxes, '6']);
});

test('a row that is refused with its new value is recorded, tried again and told as any other', async () => {
  const { world, turn } = await worldWithStaleRows();
  const isTaken = new Set<string>();
  world.destination.refuseRows((_, { Id, fax }) =>
    (fax === '1' || fax === '2') && !isTaken.has(Id ?? '')
      ? { code: 'ROW_CONSTRAINT_VIOLATED', wrong: 'a constraint refused it' }
      : undefined,
  );
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  expect(world.destination.rejectedRows().map(({ id, changeType }) => [id, changeType])).toEqual([
    [idOf(1), 'Update'],
    [idOf(2), 'Update'],
  ]);
  expect(faxes(world)).toEqual(['0', '3', '4']);
  isTaken.add(idOf(1));
  await world.settle();
  expect(faxes(world)).toEqual(['0', '1', '3', '4']);
  expect([...world.givenUp()]).toEqual([idOf(2)]);
});

test('a column that goes while another one is filled ends neither its re-read nor begins it anew', async () => {
  const { world, asked, turn } = await worldWithStaleRows({ secondsAPage: 20 });
  world.source.put(table, idOf(7), { name: 'second' });
  await turn();
  const definition = world.source.definition(table);
  const attributes = definition.attributes.filter(
    ({ logicalName }) => logicalName !== 'importsequencenumber',
  );
  world.source.define({ ...definition, attributes });
  await turn(0);
  await turn();
  expect(asked.filter((each) => each.startsWith('with'))).toEqual(['with fax']);
  expect(faxes(world)).toEqual(allFaxes);
  expect(await refillOf(world)).toBeUndefined();
});
