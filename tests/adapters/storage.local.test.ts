import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { countingProxy } from '../../bench/counting-proxy.ts';
import { documentTable } from '../../shared/adapters/storage/document-table.ts';
import { failureBlobs } from '../../shared/adapters/storage/failure-blobs.ts';
import { failureLedger } from '../../shared/adapters/storage/failure-ledger.ts';
import { failureContainerName, failureLog } from '../../shared/adapters/storage/failure-log.ts';
import { quarantineContainer } from '../../shared/adapters/storage/failure-quarantine.ts';
import { healthFindings } from '../../shared/adapters/storage/health-findings.ts';
import { privacyTerms } from '../../shared/adapters/storage/privacy-terms.ts';
import { profileStore, profilesTable } from '../../shared/adapters/storage/profile-store.ts';
import { statusHistory } from '../../shared/adapters/storage/status-history.ts';
import { storageAccount } from '../../shared/adapters/storage/storage-account.ts';
import { syncStates } from '../../shared/adapters/storage/sync-states.ts';
import { touchFacts } from '../../shared/adapters/storage/touch-facts.ts';
import { queueNames, workQueues } from '../../shared/adapters/storage/work-queues.ts';
import { type Profile, profileSchema } from '../../shared/model/profile.ts';
import { failureLedgerContract } from '../contracts/failure-ledger.ts';
import { anEntry, failureLogContract } from '../contracts/failures.ts';
import { healthFindingsContract } from '../contracts/health-findings.ts';
import { aProfile, storageContract } from '../contracts/storage.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const account = storageAccount({ connectionString: inject('storage') }, log);

describe('storage in Azurite', () => {
  storageContract(() => ({
    profiles: profileStore(account),
    states: syncStates(account),
    history: statusHistory(account),
    terms: privacyTerms(account),
    touchFacts: touchFacts(account),
    queues: workQueues(account),
    async receive(name) {
      const queue = await account.queue(queueNames[name]);
      const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
      for (const { messageId, popReceipt } of receivedMessageItems)
        await queue.deleteMessage(messageId, popReceipt);
      return receivedMessageItems.map(({ messageText }) =>
        JSON.parse(Buffer.from(messageText, 'base64').toString()),
      );
    },
  }));

  healthFindingsContract(() => healthFindings(account));

  const failureStores = () => ({
    log: failureLog(account),
    blobs: failureBlobs(account),
    ledger: failureLedger(account),
    async quarantined(profileId: string) {
      const container = await account.container(quarantineContainer);
      const texts: string[] = [];
      for await (const { name } of container.listBlobsFlat({ prefix: `${profileId}/` }))
        texts.push((await container.getBlobClient(name).downloadToBuffer()).toString());
      return texts;
    },
  });
  failureLogContract(failureStores);
  failureLedgerContract(failureStores);
});

describe('a link to the failure log', () => {
  it('opens for anybody with an ordinary client, to read and list and nothing else', async () => {
    const { id } = aProfile();
    await failureLog(account).append(id, 'failurelog', [anEntry()], new Date());
    const link = new URL(await failureLog(account).link(id));
    expect(link.searchParams.get('sp')).toBe('rl');
    link.searchParams.set('restype', 'container');
    link.searchParams.set('comp', 'list');
    const list = await fetch(link);
    expect(list.status).toBe(200);
    expect(await list.text()).toContain('<Name>failurelog/');
    link.searchParams.delete('comp');
    expect((await fetch(link, { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(`${link.origin}${link.pathname}?restype=container&comp=list`)).ok).toBe(false);
  });

  it('is good for 24 hours, from five minutes ago', async () => {
    const link = new URL(await failureLog(account).link(aProfile().id));
    const hoursTo = (name: string) =>
      (Date.parse(link.searchParams.get(name) ?? '') - Date.now()) / 3_600_000;
    expect(hoursTo('st')).toBeCloseTo(-5 / 60, 1);
    expect(hoursTo('se')).toBeCloseTo(24, 1);
  });
});

describe('a failure log', () => {
  it('goes on in the next file when one is full', async () => {
    const { id } = aProfile();
    const at = new Date();
    const line = anEntry({ reason: 'x'.repeat(500) });
    for (let count = 0; count < 5; count += 1)
      await failureLog(account, { maxFileBytes: 1500 }).append(id, 'failurelog', [line], at);
    const container = account.blobs.getContainerClient(failureContainerName(id));
    const names: string[] = [];
    for await (const { name, properties } of container.listBlobsFlat()) {
      names.push(name.slice(-9));
      expect(properties.contentLength).toBeLessThanOrEqual(1500);
    }
    expect(names).toEqual(['00001.log', '00002.log', '00003.log']);
  });

  it('takes many entries at once, cut between lines', async () => {
    const { id } = aProfile();
    const entries = Array.from({ length: 3000 }, () => anEntry({ reason: 'é'.repeat(400) }));
    await failureLog(account).append(id, 'failurelog', entries, new Date());
    const container = account.blobs.getContainerClient(failureContainerName(id));
    const sizes: number[] = [];
    for await (const { properties } of container.listBlobsFlat()) sizes.push(properties.contentLength ?? 0);
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeGreaterThan(2_400_000);
  });
});

describe('profiles that other instances of the app write', () => {
  it('are in the next list: created, changed, deleted, removed', async () => {
    const [ours, others] = [profileStore(account), profileStore(account)];
    const organizationId = randomUUID();
    const [one, other] = ['One', 'Other'].map((name) => aProfile({ organizationId, name })) as [
      Profile,
      Profile,
    ];
    const statesOf = async () => (await ours.list(organizationId)).map(({ id, state }) => [id, state]).sort();
    expect(await statesOf()).toEqual([]);
    await others.create(one);
    await others.create(other);
    expect(await statesOf()).toEqual(
      [
        [one.id, 'inactive'],
        [other.id, 'inactive'],
      ].sort(),
    );
    await others.update(one.id, (profile) => ({ ...profile, state: 'active' }));
    expect(await statesOf()).toContainEqual([one.id, 'active']);
    expect(await ours.listActive()).toContainEqual({ ...one, state: 'active' });
    await others.update(one.id, (profile) => ({ ...profile, state: 'deleted' }));
    expect(await statesOf()).toContainEqual([one.id, 'deleted']);
    await others.remove(one.id);
    expect(await statesOf()).toEqual([[other.id, 'inactive']]);
  });

  it('are in every list that is asked for after they were written, however many write and list at the same time', async () => {
    const stores = [profileStore(account), profileStore(account)] as const;
    const organizationId = randomUUID();
    const written = new Map<string, number>();
    await Promise.all(
      Array.from({ length: 30 }, async (_, writer) => {
        const profile = aProfile({ organizationId, name: `Profile ${writer}` });
        const [own, other] = writer % 2 ? stores : [stores[1], stores[0]];
        await own.create(profile);
        for (let version = 1; version <= 20; version += 1) {
          if (version > 1) await own.update(profile.id, (current) => ({ ...current, version }));
          written.set(profile.id, version);
          const expected = new Map(written);
          const listed = new Map((await other.list(organizationId)).map((each) => [each.id, each.version]));
          const old = [...expected].filter(([id, least]) => (listed.get(id) ?? 0) < least);
          expect(old).toEqual([]);
        }
      }),
    );
  });

  it('cost one small request a list as long as nothing is written', async () => {
    const table = await countingProxy(/TableEndpoint=(https?:\/\/[^/]+)/.exec(inject('storage'))?.[1] ?? '');
    onTestFinished(() => table.close());
    const connectionString = inject('storage').replace(
      /TableEndpoint=https?:\/\/[^/]+/,
      `TableEndpoint=http://127.0.0.1:${table.port}`,
    );
    const profiles = profileStore(storageAccount({ connectionString }, log));
    const { organizationId, ...profile } = aProfile();
    await profiles.create({ ...profile, organizationId });
    const listed = await profiles.list(organizationId);
    const before = table.count();
    expect(await profiles.list(organizationId)).toEqual(listed);
    expect(table.count() - before).toBe(1);
  });
});

describe('a profile that was stored by an earlier version, with its tables written out', () => {
  it('is read as it was', async () => {
    const tables = [
      { name: 'account', settings: {} },
      { name: 'contact', settings: { colour: 'red' } },
    ];
    const profile = aProfile({ tables });
    const raw = documentTable<Profile>(account, { table: profilesTable, schema: profileSchema });
    await raw.put({ partitionKey: 'profile', rowKey: `id|${profile.id}` }, profile);
    const profiles = profileStore(account);
    expect(await profiles.get(profile.id)).toEqual(profile);
    expect(await profiles.list(profile.organizationId)).toEqual([profile]);
    await profiles.update(profile.id, (stored) => ({ ...stored, version: 2 }));
    expect(await profiles.get(profile.id)).toEqual({ ...profile, version: 2 });
  });
});

describe('a stored document that cannot be read', () => {
  it('is named in an error, and left out of lists', async () => {
    const [good, bad] = [aProfile(), aProfile()];
    await profileStore(account).create(good);
    const raw = documentTable<Profile>(account, {
      table: profilesTable,
      schema: profileSchema,
      columns: () => ({ organizationId: good.organizationId }),
    });
    const key = { partitionKey: 'profile', rowKey: `id|${bad.id}` };
    await raw.put(key, { ...bad, state: 'asleep' as never });
    const problem = `Cannot read "profile" / "id|${bad.id}" of table "Profiles": state cannot be understood`;
    await expect(profileStore(account).get(bad.id)).rejects.toThrow(problem);
    expect(await profileStore(account).list(good.organizationId)).toEqual([good]);
    expect(log.error).toHaveBeenCalledWith(expect.stringContaining(problem));
  });
});

describe('a storage account that does not answer', () => {
  it('is said so without its key', async () => {
    const connectionString = inject('storage').replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:9');
    const error = await profileStore(storageAccount({ connectionString }, log))
      .get('x')
      .catch((each) => each);
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(error.message).toBe(
      'Cannot make table "Profiles": storage did not answer (ECONNREFUSED); expected it to succeed.',
    );
  });
});
