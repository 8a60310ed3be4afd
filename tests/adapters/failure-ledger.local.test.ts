import { randomUUID } from 'node:crypto';
import { odata, type TableClient } from '@azure/data-tables';
import { expect, inject, test, vi } from 'vitest';
import { failureLedger, failuresTable } from '../../shared/adapters/storage/failure-ledger.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { aFailure, anEntry } from '../contracts/failures.ts';

const account = storageAccount(
  { connectionString: inject('storage') },
  { info: vi.fn(), warn: vi.fn(), error: vi.fn() },
);

/** The ledger, the filters of its queries, and how many transactions it has sent. */
function recordedLedger() {
  const filters: unknown[] = [];
  const sent = { transactions: 0 };
  const recording = (client: TableClient) =>
    new Proxy(client, {
      get: (target, name) => {
        if (name === 'listEntities')
          return (options: Parameters<TableClient['listEntities']>[0]) => {
            filters.push(options?.queryOptions?.filter);
            return target.listEntities(options);
          };
        if (name === 'submitTransaction') sent.transactions += 1;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  const ledger = failureLedger({
    ...account,
    table: async (name) => recording(await account.table(name)),
  });
  return { ledger, filters, sent };
}

test('open failures are found by their keys, so that those that were closed cost nothing', async () => {
  const { ledger, filters } = recordedLedger();
  const profileId = randomUUID();
  const failures = Array.from({ length: 60 }, () => aFailure(profileId));
  const [left, ...others] = failures.map(({ id }) => id);
  await ledger.add(failures);
  for (const state of ['waiting', 'healed'] as const)
    await ledger.update(profileId, others, (failure) => ({ ...failure, state }));
  expect(filters).toHaveLength(2);
  filters.length = 0;

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

test('neighbours are read and written together, and strangers cost a request each', async () => {
  const { ledger, filters, sent } = recordedLedger();
  const profileId = randomUUID();
  const failures = Array.from({ length: 1000 }, () => aFailure(profileId));
  await ledger.add(failures);
  const sorted = failures
    .map(({ id, recordId = '' }) => ({ id, recordId }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const asked = async (some: typeof sorted) => {
    filters.length = 0;
    const found = await ledger.ofRows(
      profileId,
      'account',
      some.map(({ recordId }) => recordId),
    );
    expect(found.size).toBe(some.length);
    return filters.length;
  };
  expect(await asked(sorted.slice(300, 400))).toBeLessThanOrEqual(2);
  expect(await asked(sorted.filter((_, index) => index % 200 === 0))).toBeLessThanOrEqual(6);
  expect(await asked(sorted.filter((_, index) => index % 10 === 0))).toBeLessThanOrEqual(101);
  [filters.length, sent.transactions] = [0, 0];
  const note = 'Moved.';
  const moved = await ledger.update(
    profileId,
    sorted.slice(0, 500).map(({ id }) => id),
    (each) => ({ ...each, note }),
  );
  expect(moved).toHaveLength(500);
  expect([filters.length, sent.transactions]).toEqual([5, 10]);
});

test('a second entity that was left over does not keep a failure out', async () => {
  const { ledger } = recordedLedger();
  const failures = Array.from({ length: 3 }, () => aFailure(randomUUID()));
  const [failure] = failures as [ReturnType<typeof aFailure>];
  await ledger.add([failure]);
  await (await account.table(failuresTable)).deleteEntity(failure.profileId, failure.id);
  expect(await ledger.add(failures)).toHaveLength(3);
  expect(await ledger.get(failure.profileId, failure.id)).toEqual(failure);
});

test('a failure whose second entity is not there is moved nevertheless', async () => {
  const { ledger } = recordedLedger();
  const profileId = randomUUID();
  const failures = Array.from({ length: 3 }, () => aFailure(profileId));
  await ledger.add(failures);
  await (await account.table(failuresTable)).deleteEntity(profileId, `|open|${failures[1]?.id}`);
  const ids = failures.map(({ id }) => id);
  expect(await ledger.update(profileId, ids, (each) => ({ ...each, state: 'healed' }))).toHaveLength(3);
  for await (const { id } of ledger.open(profileId)) throw new Error(`${id} is open`);
  expect((await ledger.list(profileId, { state: 'healed' }, 10)).items).toHaveLength(3);
});

test('a failure of large texts goes in a transaction that storage takes', async () => {
  const { ledger } = recordedLedger();
  const profileId = randomUUID();
  const failures = Array.from({ length: 60 }, (_, index) =>
    aFailure(profileId, anEntry({ reason: `${index}`.repeat(90_000) })),
  );
  expect(await ledger.add(failures)).toHaveLength(60);
  const ids = failures.map(({ id }) => id);
  expect(await ledger.update(profileId, ids, (each) => ({ ...each, note: 'Moved.' }))).toHaveLength(60);
});
