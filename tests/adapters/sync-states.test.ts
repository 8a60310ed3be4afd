import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { StorageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../../shared/adapters/storage/sync-states.ts';

it('states of many profiles are asked for 16 at once', async () => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  let asked = 0;
  const byPage = () => ({
    async next() {
      asked += 1;
      await release;
      return { done: true };
    },
  });
  const account = { table: async () => ({ listEntities: () => ({ byPage }) }) };
  const states = syncStates(account as unknown as StorageAccount);
  const lists = Array.from({ length: 40 }, (_, index) => states.list(`profile-${index}`));
  await nextTurn();
  expect(asked).toBe(16);
  resolve();
  expect(await Promise.all(lists)).toHaveLength(40);
  expect(asked).toBe(40);
});
