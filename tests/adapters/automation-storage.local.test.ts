import { expect, inject, test, vi } from 'vitest';
import { failureBlobs } from '../../shared/adapters/storage/failure-blobs.ts';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import { failureLog } from '../../shared/adapters/storage/failure-log.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { ingestFailures } from '../../shared/automation/ingest-failures.ts';
import { planRetouches } from '../../shared/automation/plan-retouches.ts';
import { retouchRows } from '../../shared/automation/retouch-rows.ts';
import { verifyRows } from '../../shared/automation/verify-rows.ts';
import { profileId, rowId, smallWorld } from '../unit/automation/small-world.ts';

const account = storageAccount(
  { connectionString: inject('storage') },
  { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
);

test('refused rows go from the failure log through the ledger to healed, with the real storage', async () => {
  const world = smallWorld();
  const log = failureLog(account);
  const ledger = failureLedger(account);
  const ports = {
    ...world.ports,
    ledger,
    failureBlobs: failureBlobs(account),
    exporter: { ...world.ports.exporter, failureLink: log.link },
  };
  const rows = [1, 2, 3].map(rowId);
  const failures = async () => [...(await ledger.ofRows(profileId, 'account', rows)).values()].flat();
  const deliver = async () => {
    for (const { queue, item } of world.messages().splice(0))
      await (queue === 'retouch' ? retouchRows(item, ports) : verifyRows(item, ports));
  };

  const entries = rows.map((recordId) => ({
    entity: 'account',
    recordId,
    notificationTime: '2026-01-05T08:00:00.000Z',
    changeType: 'Update',
    reason: `Cannot write row "${recordId}" of table "account": constraint "positive" refused it (23514).`,
  }));
  for (const id of rows) world.source.put('account', id, { name: 'refused so far' });
  await log.append(profileId, 'failurelog', [...entries, ...entries], world.now());

  for (let run = 0; run < 2; run++) {
    await ingestFailures(ports);
    await planRetouches(ports);
  }
  expect(await failures()).toHaveLength(3);
  expect(await failures()).toMatchObject(rows.map(() => ({ state: 'waiting', cause: 'constraint' })));

  world.pass(61);
  await planRetouches(ports);
  for (let round = 0; round < 4; round++) {
    await deliver();
    world.exportChanges();
    world.pass(31);
  }
  expect(await failures()).toMatchObject(rows.map(() => ({ state: 'healed', attempts: 1 })));
  expect(world.touched.toSorted()).toEqual(rows);
});
