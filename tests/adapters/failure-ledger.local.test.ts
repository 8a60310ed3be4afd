import { randomUUID } from 'node:crypto';
import { odata, type TableClient } from '@azure/data-tables';
import { expect, inject, test, vi } from 'vitest';
import { failureLedger, failuresTable } from '../../shared/adapters/storage/failure-ledger.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { aFailure } from '../contracts/failures.ts';

const account = storageAccount(
  { connectionString: inject('storage') },
  { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
);

test('open failures are found by their keys, so that those that were closed cost nothing', async () => {
  const filters: unknown[] = [];
  const recording = (client: TableClient) =>
    new Proxy(client, {
      get: (target, name) => {
        if (name === 'listEntities')
          return (options: Parameters<TableClient['listEntities']>[0]) => {
            filters.push(options?.queryOptions?.filter);
            return target.listEntities(options);
          };
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  const ledger = failureLedger({
    ...account,
    table: async (name) => recording(await account.table(name)),
  });
  const profileId = randomUUID();
  const failures = Array.from({ length: 60 }, () => aFailure(profileId));
  const [left, ...others] = failures.map(({ id }) => id);
  await ledger.add(failures);
  for (const id of others)
    for (const state of ['waiting', 'healed'] as const)
      await ledger.update(profileId, id, (failure) => ({ ...failure, state }));

  const open: string[] = [];
  for await (const { id } of ledger.open(profileId)) open.push(id);
  expect(open).toEqual([left]);
  expect(filters).toEqual([
    odata`PartitionKey eq ${profileId} and RowKey ge ${'|open|'} and RowKey lt ${'|open}'}`,
  ]);
  const stored: string[] = [];
  const all = { queryOptions: { filter: odata`PartitionKey eq ${profileId}`, select: ['rowKey'] } };
  for await (const { rowKey } of (await account.table(failuresTable)).listEntities(all))
    stored.push(String(rowKey));
  expect(stored).toHaveLength(61);
  expect(stored.filter((key) => key.startsWith('|open|'))).toEqual([`|open|${left}`]);
});
