import { randomUUID } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { newSyncState, type SyncState } from '../../shared/model/sync-state.ts';
import type { PrivacyTerms } from '../../shared/ports/privacy-terms.ts';
import type { ProfileStore } from '../../shared/ports/profile-store.ts';
import type { StatusHistory, StatusSnapshot } from '../../shared/ports/status-history.ts';
import type { SyncStates } from '../../shared/ports/sync-states.ts';
import type { TouchFactsStore } from '../../shared/ports/touch-facts.ts';
import type { WorkQueues } from '../../shared/ports/work-queue.ts';

/** The ports under test, and how to see what a queue gives. */
export interface StorageUnderTest {
  readonly profiles: ProfileStore;
  readonly states: SyncStates;
  readonly history: StatusHistory;
  readonly terms: PrivacyTerms;
  readonly touchFacts: TouchFactsStore;
  readonly queues: WorkQueues;
  /** Items of the queue that are visible now; they may come once only. */
  receive(queue: keyof WorkQueues): Promise<readonly unknown[]>;
}

/** A profile of a new organization, so that tests do not see one another's. */
export function aProfile(change: Partial<Profile> = {}): Profile {
  return {
    id: randomUUID(),
    organizationId: randomUUID(),
    organizationUrl: 'https://contoso.example/',
    name: 'Sales',
    version: 1,
    state: 'inactive',
    activation: 0,
    destination: {
      type: 'PostgreSql',
      keyVaultUri: 'https://v.example/secrets/s',
      schema: 'dbo',
      prefix: '',
    },
    tables: [{ name: 'account', settings: {} }],
    retryPolicy: { maxRetryCount: 3, intervalSeconds: 5 },
    writeDeleteLog: true,
    createdAt: '2026-11-23T10:00:00.000Z',
    lastModifiedAt: '2026-11-23T10:00:00.000Z',
    ...change,
  };
}

const tenTimes = <T>(act: (index: number) => Promise<T>) =>
  Promise.allSettled(Array.from({ length: 10 }, (_, index) => act(index)));

/** What every implementation of these ports promises. */
export function storageContract(open: () => StorageUnderTest): void {
  describe('profiles', () => {
    it('come back as they were, also when long', async () => {
      const { profiles } = open();
      const tables = Array.from({ length: 400 }, (_, index) => ({
        name: `table_😀_${index}`,
        settings: { note: 'x'.repeat(index) },
      }));
      const profile = aProfile({ tables });
      await profiles.create(profile);
      expect(await profiles.get(profile.id)).toEqual(profile);
      expect(await profiles.list(profile.organizationId)).toEqual([profile]);
    });

    it('share no name in an organization, whoever creates at the same moment', async () => {
      const { profiles } = open();
      const organizationId = randomUUID();
      const created = await tenTimes((each) =>
        profiles.create(aProfile({ organizationId, name: each % 2 ? 'Größe' : 'GRÖßE' })),
      );
      const refused = created.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
      expect(refused).toEqual(Array(9).fill('PROFILE_NAME_TAKEN'));
      expect(await profiles.list(organizationId)).toHaveLength(1);
    });

    it('may have the name of a profile that is removed, deleted, renamed, or of another organization', async () => {
      const { profiles } = open();
      const organizationId = randomUUID();
      const first = aProfile({ organizationId });
      const second = aProfile({ organizationId });
      const third = aProfile({ organizationId });
      await profiles.create(first);
      await profiles.create(aProfile());
      await expect(profiles.create(second)).rejects.toMatchObject({ code: 'PROFILE_NAME_TAKEN' });
      await profiles.update(first.id, (profile) => ({ ...profile, name: 'Other' }));
      await profiles.create(second);
      await expect(
        profiles.update(first.id, (profile) => ({ ...profile, name: 'sales' })),
      ).rejects.toMatchObject({ code: 'PROFILE_NAME_TAKEN' });
      await profiles.remove(second.id);
      await profiles.remove(second.id);
      await profiles.create(third);
      await profiles.update(third.id, (profile) => ({ ...profile, state: 'deleted' }));
      await profiles.update(first.id, (profile) => ({ ...profile, name: 'SALES' }));
      expect(await profiles.get(second.id)).toBeUndefined();
    });

    it('lose no update of two writers', async () => {
      const { profiles } = open();
      const profile = aProfile();
      await profiles.create(profile);
      await tenTimes(() =>
        profiles.update(profile.id, (stored) => ({ ...stored, version: stored.version + 1 })),
      );
      expect((await profiles.get(profile.id))?.version).toBe(11);
    });

    it('stay as they are when a change fails, which is told as it is', async () => {
      const { profiles } = open();
      const profile = aProfile();
      await profiles.create(profile);
      const mistake = new TypeError('a mistake');
      const change = () => {
        throw mistake;
      };
      await expect(profiles.update(profile.id, change)).rejects.toBe(mistake);
      expect(await profiles.get(profile.id)).toEqual(profile);
    });

    it('are found by being active', async () => {
      const { profiles } = open();
      const [active, inactive] = [aProfile({ state: 'active' }), aProfile()];
      await profiles.create(active);
      await profiles.create(inactive);
      const ids = (await profiles.listActive()).map(({ id }) => id);
      expect(ids).toContain(active.id);
      expect(ids).not.toContain(inactive.id);
    });

    it('that are not there are said so', async () => {
      const { profiles } = open();
      expect(await profiles.get('no/such?#profile')).toBeUndefined();
      await expect(profiles.update(randomUUID(), (each) => each)).rejects.toMatchObject({
        code: 'PROFILE_NOT_FOUND',
      });
    });
  });

  describe('sync states', () => {
    const state = (profileId: string, table = 'account') => newSyncState(profileId, table, 1, '2026-11-23');

    it('are made and changed by as many writers as there are', async () => {
      const { states } = open();
      const profileId = randomUUID();
      await tenTimes(() =>
        states.update(profileId, 'account', (stored) =>
          stored ? { ...stored, turn: stored.turn + 1 } : state(profileId),
        ),
      );
      expect(await states.get(profileId, 'account')).toEqual({ ...state(profileId), turn: 10 });
    });

    it('stay as they are when the change gives nothing', async () => {
      const { states } = open();
      const profileId = randomUUID();
      expect(await states.update(profileId, 'account', () => undefined)).toBeUndefined();
      await states.update(profileId, 'account', () => state(profileId));
      const unchanged: SyncState = state(profileId);
      expect(await states.update(profileId, 'account', () => undefined)).toEqual(unchanged);
      expect(await states.update(profileId, 'account', (stored) => stored)).toEqual(unchanged);
    });

    it('are listed and removed by profile', async () => {
      const { states } = open();
      const [one, other] = [randomUUID(), randomUUID()];
      const tables = Array.from({ length: 120 }, (_, table) => `table${String(table).padStart(3, '0')}`);
      await Promise.all(tables.map((table) => states.update(one, table, () => state(one, table))));
      await states.update(other, 'account', () => state(other));
      expect((await states.list(one)).map(({ table }) => table)).toEqual(tables);
      await states.remove(one);
      expect(await states.list(one)).toEqual([]);
      expect(await states.list(other)).toHaveLength(1);
    });
  });

  describe('status history', () => {
    it('gives the newest first', async () => {
      const { history } = open();
      const snapshot = (minute: number): StatusSnapshot => ({
        id: profileId,
        organizationId: randomUUID(),
        name: 'Sales',
        state: 'active',
        retryPolicy: { maxRetryCount: 3, intervalSeconds: 5 },
        tables: [
          {
            name: 'account',
            initialSyncState: 'Completed',
            metadataState: 'Created',
            successCount: minute,
            failureCount: 0,
            lastExportAt: undefined,
          },
        ],
        seenAt: `2026-11-23T10:0${minute}:00.000Z`,
      });
      const profileId = randomUUID();
      const snapshots = [1, 3, 2].map(snapshot);
      for (const each of snapshots) await history.add(each);
      expect(await history.latest(profileId, 2)).toEqual([snapshots[1], snapshots[2]]);
      expect(await history.latest(profileId, 0)).toEqual([]);
      expect(await history.latest(randomUUID(), 2)).toEqual([]);
    });
  });

  describe('what is known of re-touching', () => {
    it('is nothing of an organization at first, and is kept as it was written', async () => {
      const { touchFacts } = open();
      const organizationId = randomUUID();
      const nothing = { organizationId, selfTest: undefined, quietRefusedAt: undefined, freeFrom: undefined };
      expect(await touchFacts.of(organizationId)).toEqual(nothing);
      await touchFacts.update(organizationId, () => undefined);
      const selfTest = { movesVersion: false, table: 'account', testedAt: '2026-11-23T10:00:00.000Z' };
      await touchFacts.update(organizationId, (facts) => ({ ...facts, selfTest }));
      expect(await touchFacts.of(organizationId)).toEqual({ ...nothing, selfTest });
    });

    it('gives no turn to two writers', async () => {
      const { touchFacts } = open();
      const organizationId = randomUUID();
      const turns: number[] = [];
      await tenTimes(async () => {
        let turn = 0;
        await touchFacts.update(organizationId, (facts) => {
          turn = Date.parse(facts.freeFrom ?? '2026-11-23T10:00:00.000Z');
          return { ...facts, freeFrom: new Date(turn + 1000).toISOString() };
        });
        turns.push(turn);
      });
      expect(new Set(turns).size).toBe(10);
    });
  });

  describe('answers to the privacy terms', () => {
    it('count by the latest, in whatever order they arrive', async () => {
      const { terms } = open();
      const answer = (second: number, isAccepted: boolean) => ({
        organizationId,
        isAccepted,
        answeredBy: randomUUID(),
        answeredAt: `2026-11-23T10:00:0${second}.000Z`,
      });
      const organizationId = randomUUID();
      expect(await terms.latest(organizationId)).toBeUndefined();
      const [first, second, third] = [answer(1, true), answer(2, false), answer(3, true)] as const;
      await terms.record(first);
      await terms.record(third);
      await terms.record(second);
      expect(await terms.latest(organizationId)).toEqual(third);
      expect(await terms.latest(randomUUID())).toBeUndefined();
    });
  });

  describe('queues', () => {
    it('give a message when its delay is over', async () => {
      const { queues, receive } = open();
      const item = { profileId: randomUUID(), table: 'account', activation: 1, turn: 2 };
      await queues.syncTable.send({ ...item, table: 'lead' }, 2);
      await queues.syncTable.send(item);
      const received: unknown[] = [...(await receive('syncTable'))];
      expect(received).toEqual([item]);
      await vi.waitFor(
        async () => {
          received.push(...(await receive('syncTable')));
          expect(received).toEqual([item, { ...item, table: 'lead' }]);
        },
        { timeout: 10_000, interval: 200 },
      );
    });
  });
}
