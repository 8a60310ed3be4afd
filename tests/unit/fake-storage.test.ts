import { describe } from 'vitest';
import { failuresContract } from '../contracts/failures.ts';
import { storageContract } from '../contracts/storage.ts';
import { fakeFailureLedger, fakeFailureLog } from '../fakes/fake-failures.ts';
import {
  fakePrivacyTerms,
  fakeProfileStore,
  fakeStatusHistory,
  fakeSyncStates,
  fakeWorkQueues,
} from '../fakes/fake-storage.ts';

describe('the fakes of storage', () => {
  storageContract(() => {
    const queues = fakeWorkQueues();
    return {
      profiles: fakeProfileStore(),
      states: fakeSyncStates(),
      history: fakeStatusHistory(),
      terms: fakePrivacyTerms(),
      queues,
      async receive(queue) {
        const isVisible = ({ sentAt, delaySeconds }: { sentAt: number; delaySeconds: number }) =>
          sentAt + delaySeconds * 1000 <= Date.now();
        const visible = queues.sent[queue].filter(isVisible);
        queues.sent[queue] = queues.sent[queue].filter((message) => !isVisible(message));
        return visible.map(({ item }) => item);
      },
    };
  });

  failuresContract(() => {
    const ledger = fakeFailureLedger();
    return {
      ...fakeFailureLog(),
      ledger,
      quarantined: async (profileId) =>
        [...ledger.quarantined].flatMap(([key, { text }]) => (key.startsWith(profileId) ? [text] : [])),
    };
  });
});
