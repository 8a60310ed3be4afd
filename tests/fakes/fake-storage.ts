import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '../../shared/errors.ts';
import { listPart } from '../../shared/model/list-part.ts';
import { isEnded, type Operation, operationCanBecome } from '../../shared/model/operation.ts';
import type { PrivacyTermsAnswer } from '../../shared/model/privacy-terms-answer.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { SyncState } from '../../shared/model/sync-state.ts';
import { newTouchFacts, type TouchFacts } from '../../shared/model/touch-facts.ts';
import type { Operations } from '../../shared/ports/operations.ts';
import type { PrivacyTerms } from '../../shared/ports/privacy-terms.ts';
import type { ProfileStore } from '../../shared/ports/profile-store.ts';
import type { StatusHistory, StatusSnapshot } from '../../shared/ports/status-history.ts';
import type { SyncStates } from '../../shared/ports/sync-states.ts';
import type { TouchFactsStore } from '../../shared/ports/touch-facts.ts';
import type { WorkQueue, WorkQueues } from '../../shared/ports/work-queue.ts';

/** Documents in memory; a copy goes in and out, so that nobody changes what is stored. */
export function fakeDocuments<T>(copy: (document: T) => T = structuredClone) {
  const stored = new Map<string, T>();
  return {
    get(key: string): T | undefined {
      const document = stored.get(key);
      return document === undefined ? undefined : copy(document);
    },
    set: (key: string, document: T) => stored.set(key, copy(document)),
    delete: (key: string) => stored.delete(key),
    all: (isWanted: (document: T) => boolean) =>
      [...stored.entries()]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([, document]) => (isWanted(document) ? [copy(document)] : [])),
  };
}

/** Profiles in memory. */
export function fakeProfileStore(): ProfileStore {
  const profiles = fakeDocuments<Profile>();
  const isTaken = (profile: Profile) =>
    profiles.all(
      (other) =>
        other.id !== profile.id &&
        other.organizationId === profile.organizationId &&
        other.state !== 'deleted' &&
        profile.state !== 'deleted' &&
        other.name.toLowerCase() === profile.name.toLowerCase(),
    ).length > 0;
  function write(profile: Profile): Profile {
    if (isTaken(profile))
      throw new ServiceError(
        'PROFILE_NAME_TAKEN',
        `Cannot write profile "${profile.name}": the name is taken; expected a new one.`,
        { parameters: [profile.name] },
      );
    profiles.set(profile.id, profile);
    return profile;
  }
  return {
    async create(profile) {
      await nextTurn();
      write(profile);
    },
    async get(profileId) {
      return profiles.get(profileId.toLowerCase());
    },
    async list(organizationId) {
      return profiles.all((profile) => profile.organizationId === organizationId);
    },
    async listActive() {
      return profiles.all(({ state }) => state === 'active');
    },
    async update(profileId, change) {
      await nextTurn();
      const profile = profiles.get(profileId.toLowerCase());
      if (profile) return write(change(profile));
      throw new ServiceError(
        'PROFILE_NOT_FOUND',
        `Cannot find profile "${profileId}": there is none; expected the id of a profile.`,
        { parameters: [profileId] },
      );
    },
    async remove(profileId) {
      profiles.delete(profileId.toLowerCase());
    },
  };
}

/** Sync states in memory. */
export function fakeSyncStates(): SyncStates {
  const states = fakeDocuments<SyncState>();
  const keyOf = (profileId: string, table: string) => `${profileId} ${table}`;
  return {
    async get(profileId, table) {
      return states.get(keyOf(profileId, table));
    },
    async list(profileId) {
      return states.all((state) => state.profileId === profileId);
    },
    async update(profileId, table, change) {
      await nextTurn();
      const key = keyOf(profileId, table);
      const next = change(states.get(key));
      if (next) states.set(key, next);
      return states.get(key);
    },
    async remove(profileId) {
      for (const { table } of await this.list(profileId)) states.delete(keyOf(profileId, table));
    },
  };
}

/** A message of a fake queue, with the delay that was asked for. */
export interface FakeMessage {
  readonly item: unknown;
  readonly delaySeconds: number;
  readonly sentAt: number;
}

/** Queues in memory; `sent` holds all messages of each queue in their order. */
export function fakeWorkQueues(): WorkQueues & { readonly sent: Record<keyof WorkQueues, FakeMessage[]> } {
  const sent: Record<keyof WorkQueues, FakeMessage[]> = {
    ...{ syncTable: [], retryRow: [], retouchRow: [], verifyRow: [], tellTicket: [] },
    ...{ abandonedTicket: [], runOperation: [] },
  };
  const queue = <Item>(name: keyof WorkQueues): WorkQueue<Item> => ({
    async send(item, delaySeconds = 0) {
      sent[name].push({ item: structuredClone(item), delaySeconds, sentAt: Date.now() });
    },
  });
  return {
    sent,
    syncTable: queue('syncTable'),
    retryRow: queue('retryRow'),
    retouchRow: queue('retouchRow'),
    verifyRow: queue('verifyRow'),
    tellTicket: queue('tellTicket'),
    abandonedTicket: queue('abandonedTicket'),
    runOperation: queue('runOperation'),
  };
}

/** Deletes one after the other until it is over; how many. */
export function purgeSome<T>(old: readonly T[], isOver: () => boolean, remove: (one: T) => unknown): number {
  let removed = 0;
  for (const one of old) {
    remove(one);
    removed += 1;
    if (isOver()) break;
  }
  return removed;
}

/** Statuses in memory. */
export function fakeStatusHistory(): StatusHistory {
  const snapshots = fakeDocuments<StatusSnapshot>();
  return {
    async add(snapshot) {
      snapshots.set(`${snapshot.id} ${snapshot.seenAt}`, snapshot);
    },
    async purge(before, isOver) {
      const old = snapshots.all(({ seenAt }) => Date.parse(seenAt) < before.getTime());
      return purgeSome(old, isOver, ({ id, seenAt }) => snapshots.delete(`${id} ${seenAt}`));
    },
    async latest(profileId, count) {
      return snapshots
        .all(({ id }) => id === profileId)
        .reverse()
        .slice(0, count);
    },
  };
}

/** Answers to the privacy terms in memory. */
export function fakePrivacyTerms(): PrivacyTerms {
  const answers: PrivacyTermsAnswer[] = [];
  return {
    async record(answer) {
      answers.push(structuredClone(answer));
    },
    async latest(organizationId) {
      return answers
        .filter((answer) => answer.organizationId === organizationId)
        .sort((one, other) => (one.answeredAt < other.answeredAt ? 1 : -1))[0];
    },
  };
}

/** Operations in memory. */
export function fakeOperations(): Operations {
  const operations = fakeDocuments<Operation>();
  const keys = fakeDocuments<{ readonly operationId: string; readonly requestedAt: string }>();
  function add(operation: Operation): boolean {
    if (operations.get(operation.id)) return false;
    operations.set(operation.id, operation);
    return true;
  }
  return {
    async add(operation) {
      await nextTurn();
      return add(operation);
    },
    async addOnce(key, operation) {
      await nextTurn();
      const { id, requestedAt } = operation;
      const first = keys.get(key) ?? { operationId: id, requestedAt };
      keys.set(key, first);
      const named = { ...operation, id: first.operationId };
      add(named);
      return operations.get(named.id) ?? named;
    },
    async get(id) {
      return operations.get(id);
    },
    async update(id, change) {
      await nextTurn();
      const operation = operations.get(id);
      const next = operation && change(operation);
      if (!operation || !next) return operation;
      if (!operationCanBecome(operation.state, next.state))
        throw new ServiceError('INTERNAL', `Cannot change operation "${id}": it has no such step.`);
      operations.set(id, next);
      return next;
    },
    async list(limit, continuation = '') {
      return listPart(
        operations.all(({ id }) => id > continuation),
        limit,
        ({ id }) => id,
      );
    },
    async purge(before, isOver) {
      const old = operations.all(
        ({ state, changedAt }) =>
          (state === 'succeeded' || state === 'failed') && Date.parse(changedAt) < before.getTime(),
      );
      return purgeSome(old, isOver, ({ id }) => operations.delete(id));
    },
    async *unfinished() {
      yield* operations.all((operation) => !isEnded(operation));
    },
  };
}

/** What is known of re-touching rows, in memory. */
export function fakeTouchFacts(): TouchFactsStore {
  const facts = fakeDocuments<TouchFacts>();
  const known = (organizationId: string) => facts.get(organizationId) ?? newTouchFacts(organizationId);
  return {
    of: async (organizationId) => known(organizationId),
    async update(organizationId, change) {
      await nextTurn();
      const after = change(known(organizationId));
      if (after) facts.set(organizationId, after);
    },
  };
}
