import { expect, test } from 'vitest';
import { type PurgePorts, purge } from '../../../shared/automation/purge.ts';
import { ServiceError } from '../../../shared/errors.ts';
import { smallWorld } from './small-world.ts';

const retention = { failureLogDays: 30, ledgerDays: 400, statusHistoryDays: 10, operationDays: 90 };

/** Each store tells what it is asked; `removed` says how many records it had. */
function purging(removed: Record<string, number | Error>) {
  const world = smallWorld();
  const asked: [kind: string, before: string, isOver: boolean][] = [];
  const store =
    (kind: string, seconds = 0) =>
    async (before: Date, isOver: () => boolean) => {
      asked.push([kind, before.toISOString(), isOver()]);
      world.pass(seconds);
      const count = removed[kind] ?? 0;
      if (typeof count !== 'number') throw count;
      return count;
    };
  const ports: PurgePorts = {
    ...world.ports,
    ledger: { ...world.ledger, purge: store('ledger', 60), purgeQuarantine: store('quarantine') },
    findings: { purge: store('health-findings') },
    statusHistory: { ...world.ports.statusHistory, purge: store('status-history') },
    operations: { purge: store('operations') },
    failureLog: { purge: store('failure-log', 60) },
    ticketDeliveries: { purge: store('ticket-deliveries') },
    ticketRecords: { purge: store('tickets') },
    retention,
    purgeSeconds: 90,
  };
  return { world, asked, run: () => purge(ports) };
}

test('each kind is kept for its own days, and one run has its time', async () => {
  const { world, asked, run } = purging({ ledger: 7, 'status-history': 2 });
  await run();
  expect(asked).toEqual([
    ['failure-log', '2025-12-06T08:00:00.250Z', false],
    ['quarantine', '2025-12-06T08:00:00.250Z', false],
    ['ledger', '2024-12-01T08:00:00.250Z', false],
    ['health-findings', '2024-12-01T08:00:00.250Z', true],
    ['ticket-deliveries', '2025-12-29T08:00:00.250Z', true],
    ['tickets', '2024-12-01T08:00:00.250Z', true],
    ['operations', '2025-10-07T08:00:00.250Z', true],
    ['status-history', '2025-12-26T08:00:00.250Z', true],
  ]);
  expect(world.events).toEqual([
    { name: 'automation.record.purged', data: { kind: 'ledger', records: 7 } },
    { name: 'automation.record.purged', data: { kind: 'status-history', records: 2 } },
  ]);
});

test('what cannot be deleted now does not keep the rest', async () => {
  const { world, asked, run } = purging({
    'failure-log': new ServiceError('STORAGE_UNAVAILABLE', 'Cannot purge: storage is away.'),
    ledger: 1,
  });
  await run();
  expect(asked).toHaveLength(8);
  expect(world.lines).toEqual([expect.stringMatching(/^warn Purging of the failure-log goes on later/)]);
  expect(world.events).toHaveLength(1);
});
