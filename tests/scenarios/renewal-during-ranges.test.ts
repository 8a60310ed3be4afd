import { expect, test } from 'vitest';
import { replicationWorld, table } from './replication-world.ts';

const idOf = (n: number) => `000000${n.toString(16).padStart(2, '0')}-0000-4000-8000-000000000000`;

test('a column that is made while several pages are on their way is read once, and comes with every row that has it', async () => {
  const world = await replicationWorld({ pageSize: 1, pages: 8, latencies: [40] });
  for (let n = 0; n < 16; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  const { dataverse } = world.source;
  const { readPage, tableDefinition } = dataverse;
  let definitionsRead = 0;
  dataverse.tableDefinition = async (name) => {
    definitionsRead += 1;
    return tableDefinition(name);
  };
  dataverse.readPage = async (request) => {
    const page = await readPage(request);
    if (request.kind === 'rows' && definitionsRead === 1 && !world.hasColumn('fax')) {
      world.addColumn('fax');
      for (let n = 0; n < 16; n += 1) world.source.put(table, idOf(n), { fax: '1' });
    }
    return page;
  };
  await world.deliver(0);
  expect(definitionsRead).toBe(2);
  expect([...world.destination.rows(table).values()].map(({ fax }) => fax)).toEqual(Array(16).fill('1'));
});
