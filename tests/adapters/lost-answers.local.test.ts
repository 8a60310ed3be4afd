import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import { profileStore } from '../../shared/adapters/storage/profile-store.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../../shared/adapters/storage/sync-states.ts';
import { newSyncState } from '../../shared/model/sync-state.ts';
import { aFailure } from '../contracts/failures.ts';
import { aProfile } from '../contracts/storage.ts';

/** The tables of the storage account, by a way on which the answer of the next write is lost when `loseNext` was called. */
async function lossyTables() {
  const origin = /TableEndpoint=(https?:\/\/[^/]+)/.exec(inject('storage'))?.[1] ?? '';
  let isNextLost = false;
  let lostCount = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming;
    const isLost = isNextLost && method !== 'GET';
    if (isLost) isNextLost = false;
    const onward = request(new URL(url, origin), { method, headers }, (answer) => {
      if (!isLost) {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      lostCount += 1;
      answer.resume().on('end', () => outgoing.destroy());
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const connectionString = inject('storage').replace(
    /TableEndpoint=https?:\/\/[^/]+/,
    `TableEndpoint=http://127.0.0.1:${port}`,
  );
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  return {
    account: storageAccount({ connectionString }, log),
    loseNext: () => {
      isNextLost = true;
    },
    lostCount: () => lostCount,
  };
}

test('an edit of a profile whose answer is lost was made once, and is no edit of somebody else', async () => {
  const { account, loseNext, lostCount } = await lossyTables();
  const profiles = profileStore(account);
  const profile = aProfile();
  await profiles.create(profile);
  const edits = { ...profile, name: 'Other', version: 2 };
  loseNext();
  const edited = await profiles.update(profile.id, (current) => {
    if (current.version !== 1) throw new Error('stale');
    return { ...current, name: 'Other', version: 2 };
  });
  expect(lostCount()).toBe(1);
  expect(edited).toEqual(edits);
  expect(await profiles.get(profile.id)).toEqual(edits);
  await expect(profiles.create({ ...edits, id: crypto.randomUUID() })).rejects.toMatchObject({
    code: 'PROFILE_NAME_TAKEN',
  });
});

test('a turn whose state was written is that of the writer, although the answer is lost', async () => {
  const { account, loseNext, lostCount } = await lossyTables();
  const states = syncStates(account);
  const first = newSyncState(crypto.randomUUID(), 'account', 1, '2026-01-01T00:00:00.000Z');
  for (const turn of [1, 2]) {
    let isMine = false;
    loseNext();
    await states.update(first.profileId, first.table, (state) => {
      isMine = (state?.turn ?? 0) === turn - 1;
      return isMine ? { ...first, turn } : undefined;
    });
    expect([isMine, lostCount()]).toEqual([true, turn]);
  }
});

test('failures are added by whoever added them, although the answer is lost', async () => {
  const { account, loseNext, lostCount } = await lossyTables();
  const ledger = failureLedger(account);
  const profileId = crypto.randomUUID();
  const failures = Array.from({ length: 40 }, () => aFailure(profileId));
  await ledger.add(failures.slice(0, 1));
  loseNext();
  const added = await ledger.add(failures.slice(1));
  expect([added.length, lostCount()]).toEqual([39, 1]);
  expect(await ledger.add(failures)).toEqual([]);
});

test('a failure is moved by whoever moved it, although the answer is lost', async () => {
  const { account, loseNext, lostCount } = await lossyTables();
  const ledger = failureLedger(account);
  const failure = { ...aFailure(crypto.randomUUID()), state: 'waiting' } as const;
  await ledger.add([failure]);
  let isMoved = false;
  loseNext();
  await ledger.update(failure.profileId, [failure.id], (stored) => {
    isMoved = stored.state === 'waiting';
    return isMoved ? { ...stored, state: 'retouching' } : undefined;
  });
  expect([isMoved, lostCount()]).toEqual([true, 1]);
});
