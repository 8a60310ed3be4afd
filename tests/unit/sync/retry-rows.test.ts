import { expect, test, vi } from 'vitest';
import { ServiceError } from '../../../shared/errors.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import { newSyncState } from '../../../shared/model/sync-state.ts';
import type { RetryRowItem } from '../../../shared/model/work-item.ts';
import { retryRows } from '../../../shared/sync/retry-rows.ts';
import { scheduleRetry } from '../../../shared/sync/schedule-retry.ts';
import type { SyncPorts } from '../../../shared/sync/sync-ports.ts';
import { fakeSyncStates, fakeWorkQueues } from '../../fakes/fake-storage.ts';

const now = new Date('2026-11-23T10:00:00Z');
const asked: RetryRowItem = { profileId: 'p', table: 'account' };

/** One table; `look` is what happens when a retry asks for rows that are due, of which there are none. */
async function world(look: () => Promise<void> = async () => {}) {
  const queues = fakeWorkQueues();
  const syncStates = fakeSyncStates();
  let dueAt: Date | undefined;
  const looks = vi.fn(look);
  const ports = {
    profiles: { get: async () => ({ ...profile, state: 'active' }) },
    syncStates,
    queues,
    destinations: {
      open: async () => ({
        dueRejectedRows: async () => {
          await looks();
          return [];
        },
        nextAttemptAt: async () => dueAt,
      }),
    },
    clock: { now: () => now },
    log: { info() {}, warn: vi.fn(), error() {} },
    options: { workItemSeconds: 240 },
  } as unknown as SyncPorts;
  await syncStates.update('p', 'account', () => newSyncState('p', 'account', 1, now.toISOString()));
  const sent = () => queues.sent.retryRow.map(({ item, delaySeconds }) => ({ item, delaySeconds }));
  return { ports, looks, sent, setDueAt: (at: Date | undefined) => (dueAt = at) };
}

const profile = {
  id: 'p',
  name: 'Sales',
  tables: [{ name: 'account', activation: 1 }],
  activation: 1,
} as unknown as Profile;

test('of many messages at the same time one works, and rows that come meanwhile are seen to when it ends', async () => {
  const each = await world(async () => {
    // Somebody asks for a row, and finds that a retry is at work.
    if (each.looks.mock.calls.length > 1) return;
    each.setDueAt(now);
    await retryRows(asked, each.ports);
    await scheduleRetry('p', 'account', now, each.ports);
  });
  await retryRows(asked, each.ports);
  expect(each.looks).toHaveBeenCalledTimes(1);
  const dueAt = now.toISOString();
  expect(each.sent()).toEqual([{ item: { ...asked, dueAt }, delaySeconds: 0 }]);

  each.setDueAt(undefined);
  await retryRows({ ...asked, dueAt }, each.ports);
  expect(each.looks).toHaveBeenCalledTimes(2);
  await retryRows({ ...asked, dueAt }, each.ports);
  expect(each.looks).toHaveBeenCalledTimes(2);
});

test('a retry that waits for its time is void when rows are asked for now', async () => {
  const { ports, looks, sent } = await world();
  const later = new Date(now.getTime() + 600_000);
  await scheduleRetry('p', 'account', later, ports);
  await retryRows(asked, ports);
  expect(looks).toHaveBeenCalledTimes(1);
  await retryRows({ ...asked, dueAt: later.toISOString() }, ports);
  expect(looks).toHaveBeenCalledTimes(1);
  expect(sent()).toHaveLength(1);
});

test('a destination that is away gives the rows free, to be tried again soon', async () => {
  const { ports, sent } = await world(async () => {
    throw new ServiceError('DESTINATION_UNREACHABLE', 'Cannot connect.');
  });
  await retryRows(asked, ports);
  expect(sent()).toMatchObject([{ delaySeconds: 30 }]);
  expect((await ports.syncStates.get('p', 'account'))?.retryTakenUntil).toBeUndefined();
});

test('a retry that died is not waited for longer than it had', async () => {
  const { ports, looks } = await world(async () => {
    throw new Error('killed');
  });
  await expect(retryRows(asked, ports)).rejects.toThrow('killed');
  await retryRows(asked, ports);
  expect(looks).toHaveBeenCalledTimes(1);
  ports.clock.now = () => new Date(now.getTime() + 240_000);
  await expect(retryRows(asked, ports)).rejects.toThrow('killed');
});
