import { describe } from 'vitest';
import { failureLedgerContract } from '../contracts/failure-ledger.ts';
import { failureLogContract } from '../contracts/failures.ts';
import { healthFindingsContract } from '../contracts/health-findings.ts';
import { operationsContract } from '../contracts/operations.ts';
import { purgeContract } from '../contracts/purge.ts';
import { storageContract } from '../contracts/storage.ts';
import { ticketStoresContract } from '../contracts/tickets.ts';
import { fakeFailureLedger, fakeFailureLog } from '../fakes/fake-failures.ts';
import { fakeHealthFindings } from '../fakes/fake-health-findings.ts';
import {
  fakeOperations,
  fakePrivacyTerms,
  fakeProfileStore,
  fakeStatusHistory,
  fakeSyncStates,
  fakeTouchFacts,
  fakeWorkQueues,
} from '../fakes/fake-storage.ts';
import { fakeTicketDeliveries, fakeTicketRecords } from '../fakes/fake-tickets.ts';

describe('the fakes of storage', () => {
  storageContract(() => {
    const queues = fakeWorkQueues();
    return {
      profiles: fakeProfileStore(),
      states: fakeSyncStates(),
      history: fakeStatusHistory(),
      terms: fakePrivacyTerms(),
      touchFacts: fakeTouchFacts(),
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

  const operations = fakeOperations();
  const [deliveries, records] = [fakeTicketDeliveries(), fakeTicketRecords()];
  operationsContract(() => operations);
  ticketStoresContract(() => ({ deliveries, records }));

  const failureStores = () => {
    const ledger = fakeFailureLedger();
    return {
      ...fakeFailureLog(),
      ledger,
      quarantined: async (profileId: string) =>
        [...ledger.quarantined].flatMap(([key, { text }]) => (key.startsWith(profileId) ? [text] : [])),
    };
  };
  healthFindingsContract(fakeHealthFindings);
  failureLogContract(failureStores);
  failureLedgerContract(failureStores);
  purgeContract(() => {
    const { log, containers, ...stores } = failureStores();
    return {
      ...stores,
      log,
      history: fakeStatusHistory(),
      findings: fakeHealthFindings(),
      filesOf: async (profileId) => containers.get(profileId)?.size ?? 0,
    };
  });
});
