import type { AutomationOptions } from '../../../shared/automation/automation-ports.ts';
import type { OperationPorts } from '../../../shared/automation/operations/operation-ports.ts';
import { requestOperation } from '../../../shared/automation/operations/request-operation.ts';
import { resendOperations } from '../../../shared/automation/operations/resend-operations.ts';
import { runOperation } from '../../../shared/automation/operations/run-operation.ts';
import { ServiceError } from '../../../shared/errors.ts';
import type { Failure, FailureState } from '../../../shared/model/failure.ts';
import { isEnded, type Operation, type OperationRequest } from '../../../shared/model/operation.ts';
import { hasDescription } from '../../../shared/model/same-description.ts';
import type { RunOperationItem } from '../../../shared/model/work-item.ts';
import { aFailure, anEntry } from '../../contracts/failures.ts';
import { fakeOperations } from '../../fakes/fake-storage.ts';
import { organization, profileId, rowId, smallWorld } from './small-world.ts';

interface Made {
  readonly id: string;
  readonly description: unknown;
  isActive: boolean;
}

/** The small world with operations: their store, their queue, and an exporter that makes profiles. */
export function operationsWorld(given: Partial<AutomationOptions> & { hasRowVersions?: boolean } = {}) {
  const world = smallWorld(given);
  const stored = fakeOperations();
  const made: Made[] = [];
  const told: Operation[] = [];
  const refusals: ServiceError[] = [];
  let messages: { readonly item: RunOperationItem; readonly visibleAt: number }[] = [];

  const found = (id: string) => {
    const [refusal] = refusals.splice(0, 1);
    if (refusal) throw refusal;
    const profile = made.find((each) => each.id === id);
    if (profile) return profile;
    throw new ServiceError('PROFILE_NOT_FOUND', 'Cannot find the profile: there is none.');
  };
  const exporter = world.mortal(
    {
      async profileWith(_organization: string, description: unknown) {
        return made.find((each) => hasDescription(each.description, description))?.id;
      },
      async createProfile(description: unknown) {
        const [refusal] = refusals.splice(0, 1);
        if (refusal) throw refusal;
        const { Name } = description as { Name: string };
        if (made.some((each) => (each.description as { Name: string }).Name === Name))
          throw new ServiceError('PROFILE_NAME_TAKEN', 'Cannot create the profile: the name is taken.');
        const id = crypto.randomUUID();
        made.push({ id, description, isActive: false });
        return id;
      },
      async activate(id: string) {
        found(id).isActive = true;
      },
      async deactivate(id: string) {
        found(id).isActive = false;
      },
    },
    'exporter',
  );
  const ports: OperationPorts = {
    ...world.ports,
    exporter: { ...world.ports.exporter, ...exporter },
    operations: world.mortal(stored),
    queues: {
      ...world.ports.queues,
      runOperation: world.mortal({
        send: async (item: RunOperationItem, delay = 0) =>
          void messages.push({ item, visibleAt: world.now().getTime() + delay * 1000 }),
      }),
    },
    onOperationEnded: async (operation) => void told.push(operation),
    runSeconds: 240,
    overdueSeconds: 600,
  };

  const operations = {
    ...world,
    ports,
    stored,
    made,
    told,
    refusals,
    runMessages: () => messages,
    loseMessages: () => {
      messages = [];
    },
    request: (request: OperationRequest, key?: string) =>
      requestOperation({ request, requestedBy: 'a tester', organizationId: organization.id, key }, ports),
    /** Works on one visible message; it stays when its delivery fails, or when it is to arrive twice. */
    run: async (isKept = false) => {
      const message = messages.find(({ visibleAt }) => visibleAt <= world.now().getTime());
      if (!message) return false;
      await runOperation(message.item, ports);
      if (!isKept) messages = messages.filter((other) => other !== message);
      return true;
    },
    resend: () => resendOperations(ports),
    /** Everything runs until the operation is over, or for so many minutes. */
    settle: async (id: string, minutes = 120): Promise<Operation | undefined> => {
      for (let minute = 0; minute < minutes; minute++) {
        await operations.resend();
        while (await operations.run());
        const known = await stored.get(id);
        if (known && isEnded(known)) return known;
        await world.live(1);
      }
      return stored.get(id);
    },
    /** A failure of this row in the ledger, in this state. */
    failed: async (row: number, state: FailureState, change: Partial<Failure> = {}): Promise<Failure> => {
      const at = world.now().toISOString();
      const entry = anEntry({ recordId: rowId(row), notificationTime: at, reason: `reason ${row} ${at}` });
      const failure: Failure = {
        ...aFailure(profileId, entry),
        organizationId: organization.id,
        ...{ ingestedAt: at, changedAt: at, state, cause: 'constraint', pattern: undefined },
        ...change,
      };
      await world.ledger.add([failure]);
      return failure;
    },
  };
  return operations;
}
