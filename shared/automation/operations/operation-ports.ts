import type { Operation } from '../../model/operation.ts';
import type { Operations } from '../../ports/operations.ts';
import type { WorkQueues } from '../../ports/work-queue.ts';
import type { AutomationPorts } from '../automation-ports.ts';

/** What operations ask of the world. */
export interface OperationPorts extends AutomationPorts {
  readonly operations: Operations;
  readonly queues: AutomationPorts['queues'] & Pick<WorkQueues, 'runOperation'>;
  /** Called when an operation that has a ticket is over; again when its message arrives again. */
  readonly onOperationEnded: (operation: Operation) => Promise<void>;
  /** How long one message works on; what is left is for the next. */
  readonly runSeconds: number;
  /** A message that is so late was lost. */
  readonly overdueSeconds: number;
}

/** How an operation stands after a message has worked on it. */
export type Progress = Pick<Operation, 'message'> &
  Partial<Pick<Operation, 'rows' | 'profileId'>> &
  (
    | { readonly state: 'succeeded' | 'failed' }
    | { readonly state: 'running'; readonly againInSeconds: number }
  );
