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
const workItemSeconds = 240;
/** After a retry's time, by as much as clocks differ. */
const afterItsTime = new Date(now.getTime() + (workItemSeconds + 5) * 1000);
const asked: RetryRowItem = { profileId: 'p', table: 'account' };

/** One table; `look` is what happens when a retry asks for rows that are due, of which there are none. */
async function world(look: () => Promise<void> = async () => {}) {
  const queues = fakeWorkQueues();
  const syncStates = fakeSyncStates();
  let dueAt: Date | undefined;
  const looks = vi.fn(look);
  let isDead = false;
  /** From its death on, a process does nothing any more. */
  const mortal = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        if (isDead) throw new Error('killed');
        return Reflect.get(target, name);
      },
    });
  const ports = {
    profiles: { get: async () => ({ ...profile, state: 'active' }) },
    syncStates: mortal(syncStates),
    queues: { retryRow: mortal(queues.retryRow) },
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
    options: { workItemSeconds },
  } as unknown as SyncPorts;
  await syncStates.update('p', 'account', () => newSyncState('p', 'account', 1, now.toISOString()));
  const sent = () => queues.sent.retryRow.map(({ item, delaySeconds }) => ({ item, delaySeconds }));
  return {
    ports,
    looks,
    sent,
    setDueAt: (at: Date | undefined) => (dueAt = at),
    /** A retry that is killed while it works; those that come later live. */
    async dies(item: RetryRowItem): Promise<void> {
      looks.mockImplementationOnce(async () => {
        isDead = true;
        throw new Error('killed');
      });
      await expect(retryRows(item, ports)).rejects.toThrow('killed');
      isDead = false;
    },
    pass: (seconds: number) => {
      const then = ports.clock.now().getTime() + seconds * 1000;
      ports.clock.now = () => new Date(then);
    },
  };
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
  const inCase = { ...asked, dueAt: afterItsTime.toISOString() };
  expect(each.sent()).toEqual([
    { item: inCase, delaySeconds: 245 },
    { item: { ...asked, dueAt }, delaySeconds: 0 },
  ]);

  each.setDueAt(undefined);
  await retryRows({ ...asked, dueAt }, each.ports);
  expect(each.looks).toHaveBeenCalledTimes(2);
  await retryRows({ ...asked, dueAt }, each.ports);
  each.pass(245);
  await retryRows(inCase, each.ports);
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

test('what is asked for while a dead retry has the rows is seen to when its time is over', async () => {
  const { ports, looks, sent, dies, pass } = await world();
  await dies(asked);
  for (let wish = 0; wish < 3; wish += 1) await retryRows(asked, ports);
  expect(sent()).toHaveLength(1);
  await scheduleRetry('p', 'account', now, ports);
  expect(looks).toHaveBeenCalledTimes(1);
  const inCase = { ...asked, dueAt: afterItsTime.toISOString() };
  expect(sent()).toEqual([{ item: inCase, delaySeconds: 245 }]);
  pass(245);
  await retryRows(inCase, ports);
  expect(looks).toHaveBeenCalledTimes(2);
});

test('a message that was lost with its retry is sent again by the table when its time is over', async () => {
  const { ports, looks, sent, dies, pass } = await world();
  await scheduleRetry('p', 'account', now, ports);
  const item = { ...asked, dueAt: now.toISOString() };
  await dies(item);
  await retryRows(item, ports);
  expect(looks).toHaveBeenCalledTimes(1);
  pass(workItemSeconds);
  await scheduleRetry('p', 'account', now, ports);
  expect(sent().map(({ delaySeconds }) => delaySeconds)).toEqual([0, 0]);
});

test.each([undefined, now.toISOString()])(
  'a defect throws at each delivery of its message, which becomes poison (due: %s)',
  async (dueAt) => {
    const { ports, sent, pass } = await world(async () => {
      throw new TypeError('defect');
    });
    const item = dueAt === undefined ? asked : { ...asked, dueAt };
    if (dueAt !== undefined) await scheduleRetry('p', 'account', now, ports);
    for (let delivery = 1; delivery <= 5; delivery += 1) {
      await expect(retryRows(item, ports)).rejects.toThrow('defect');
      // Longer than the queue waits; the table's turns meanwhile send no other in its place.
      pass(20);
      if (dueAt !== undefined) await scheduleRetry('p', 'account', now, ports);
    }
    expect(sent()).toHaveLength(dueAt === undefined ? 0 : 1);
  },
);

test('a defect after the rows were given free throws at each delivery, too', async () => {
  const { ports, sent } = await world();
  await scheduleRetry('p', 'account', now, ports);
  const { item } = sent()[0] as { item: RetryRowItem };
  const { open } = ports.destinations;
  ports.destinations.open = async (...of) => ({
    ...(await open(...of)),
    nextAttemptAt: () => Promise.reject(new TypeError('defect')),
  });
  for (let delivery = 1; delivery <= 5; delivery += 1)
    await expect(retryRows(item, ports)).rejects.toThrow('defect');
});

test('a clearly earlier retry replaces one that waits for long, and no other does', async () => {
  const { ports, looks, sent } = await world();
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  for (const seconds of [3600, 3597, 4000, 60, 58, 0, 0])
    await scheduleRetry('p', 'account', at(seconds), ports);
  expect(sent().map(({ delaySeconds }) => delaySeconds)).toEqual([3600, 60, 0]);
  for (const { item } of sent()) await retryRows(item as RetryRowItem, ports);
  expect(looks).toHaveBeenCalledTimes(1);
});
