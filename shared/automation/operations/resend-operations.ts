import type { Operation } from '../../model/operation.ts';
import { eachWithoutStopping } from '../each-without-stopping.ts';
import { secondsAfter } from '../failure-life.ts';
import type { OperationPorts } from './operation-ports.ts';
import { inVain, save } from './run-operation.ts';

/**
 * Sends the messages of operations that are overdue: a message was lost, or a defect has made poison of it. Each time counts
 * as a try in vain, so that an operation which nobody can run fails at last.
 */
export async function resendOperations(ports: OperationPorts): Promise<void> {
  const doing = ({ id }: Operation) => `Sending the message of operation "${id}"`;
  await eachWithoutStopping(ports.operations.unfinished(), doing, ports.log, async (operation) => {
    const { requestedAt, dueAt = requestedAt, state } = operation;
    if (secondsAfter(new Date(dueAt), ports.overdueSeconds) > ports.clock.now().toISOString()) return;
    const { attempts, ...next } = inVain(operation, 'Its message was lost.');
    if (next.state === 'failed') return save(operation, next, attempts, ports);
    const now = ports.clock.now().toISOString();
    const taken = await ports.operations.update(operation.id, (stored) =>
      stored.dueAt === operation.dueAt && stored.state === state
        ? { ...stored, attempts, dueAt: now }
        : undefined,
    );
    if (taken?.dueAt === now) await ports.queues.runOperation.send({ operationId: operation.id });
  });
}
