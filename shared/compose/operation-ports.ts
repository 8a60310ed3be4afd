import { operations } from '../adapters/storage/operations.ts';
import type { AutomationPorts } from '../automation/automation-ports.ts';
import type { OperationPorts } from '../automation/operations/operation-ports.ts';
import type { Settings } from '../settings.ts';
import type { Parts } from './parts.ts';

/** What the operations that people and systems ask for need. */
export function operationPorts(
  settings: Settings,
  { account, queues }: Parts,
  automation: AutomationPorts,
): OperationPorts {
  return {
    ...automation,
    queues,
    operations: operations(account),
    async onOperationEnded({ id, ticket }) {
      if (ticket) await queues.tellTicket.send({ about: 'operation', id, attempt: 0 });
    },
    runSeconds: settings.WORK_ITEM_SECONDS,
    overdueSeconds: settings.WATCHDOG_GRACE_SECONDS,
  };
}
