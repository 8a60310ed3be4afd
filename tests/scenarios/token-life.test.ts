import { expect, test } from 'vitest';
import { exporterInProcess } from '../../shared/adapters/exporter-in-process/exporter-in-process.ts';
import { checkHealth } from '../../shared/automation/health/check-health.ts';
import { fakeFailureLedger } from '../fakes/fake-failures.ts';
import { fakeHealthFindings } from '../fakes/fake-health-findings.ts';
import { noChanges } from '../unit/automation/small-world.ts';
import { replicationWorld, table } from './replication-world.ts';

const day = 86_400;
const idOf = (n: number) => `0000000${n}-0000-4000-8000-000000000000`;

/** The exporter of this app and the looks at its health, in one clock. */
async function watchedWorld() {
  const world = await replicationWorld();
  const findings = fakeHealthFindings();
  const ports = world.ports();
  const exporter = exporterInProcess({
    ...ports,
    failureLog: { link: async () => '' },
    secrets: { read: async () => ({ value: '', tags: {} }) },
    trial: async () => [],
    resyncRows: async () => undefined,
    wouldTake: async () => undefined,
    calls: { ...noChanges, list: async () => [], create: async () => ({}) },
  });
  const look = () =>
    checkHealth({
      ...{ ...ports, exporter, findings, ledger: fakeFailureLedger(), lookSeconds: 240 },
      limits: {
        ...{ lagSeconds: 900, initialSyncStallSeconds: 3600, secretExpiryDays: 30 },
        ...{ inactiveWarningDays: 7, quietSeconds: 600 },
      },
    });
  const ageing = async () => (await findings.list({ kind: 'token-ageing' }, { limit: 1 })).findings[0];
  return { ...world, look, ageing };
}

test('a token that has expired while the app was down is a reload that deletes what is gone, and its finding ends', async () => {
  const world = await watchedWorld();
  for (let n = 0; n < 9; n += 1) world.source.put(table, idOf(n), { name: 'first' });
  await world.call('activate');
  await world.settle();
  await world.look();
  expect(await world.ageing()).toBeUndefined();

  world.tick(8 * day);
  world.source.put(table, idOf(1), { name: 'second' });
  world.source.delete(table, idOf(2));
  world.source.expireTokens();
  await world.look();
  expect(await world.ageing()).toMatchObject({ state: 'open', severity: 'error' });

  await world.settle();
  expect([...world.destination.rows(table)].map(([id, { name }]) => [id, name]).sort()).toEqual(
    [...world.source.rows(table)].map(([id, { values }]) => [id, values.name]).sort(),
  );
  expect(world.destination.deleteLog.map(({ id }) => id)).toEqual([idOf(2)]);
  for (let looks = 0; looks < 3; looks += 1) {
    await world.deliver(0);
    await world.look();
    world.tick(600);
  }
  expect(await world.ageing()).toMatchObject({ state: 'closed' });
});
