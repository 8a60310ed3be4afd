import { expect, test } from 'vitest';
import { profile, replicationWorld, table } from './replication-world.ts';

test('a turn that is throttled again and again asks for the changes only: the definition is not read again', async () => {
  const world = await replicationWorld();
  world.source.put(table, '00000000-0000-4000-8000-000000000000', { name: 'first' });
  await world.call('activate');
  await world.deliver(0);
  const { dataverse } = world.source;
  const { tableDefinition } = dataverse;
  let definitionsRead = 0;
  dataverse.tableDefinition = async (name) => {
    definitionsRead += 1;
    return tableDefinition(name);
  };
  for (let turn = 0; turn < 5; turn += 1) {
    world.tick(30);
    world.throttle(0, 30);
    await world.deliver(0);
    expect(await world.syncStates.get(profile.id, table)).toMatchObject({ isHeldBack: true });
  }
  world.tick(30);
  await world.deliver(0);
  expect(await world.syncStates.get(profile.id, table)).not.toHaveProperty('isHeldBack');
  expect(definitionsRead).toBe(0);
});
