import { expect, test } from 'vitest';
import { ServiceError } from '../../shared/errors.ts';
import { replicationWorld } from './replication-world.ts';

test('a worker whose turn was taken by another tells nobody of the fault that it meets', async () => {
  const world = await replicationWorld();
  await world.call('activate');
  await world.settle();
  const { dataverse } = world.source;
  const { readPage } = dataverse;
  dataverse.readPage = async () => {
    dataverse.readPage = readPage;
    // It sleeps for so long that its table is given to another worker.
    world.tick(1200);
    await world.watchdog();
    await world.deliverElsewhere(0);
    throw new ServiceError('DATAVERSE_PRIVILEGE_MISSING', 'Cannot read: it was so a while ago.');
  };
  world.tick(600);
  await world.deliver(0);
  expect(dataverse.readPage).toBe(readPage);
  expect([...world.failures.containers.values()].flatMap((blobs) => [...blobs.keys()])).toEqual([]);
  await world.settle();
  expect(world.messageCount()).toBe(1);
});
