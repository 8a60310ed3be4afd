import type { AutomationAnswer, AutomationRequest } from '../../model/automation-api/request.ts';
import type { Operation, OperationRequest } from '../../model/operation.ts';
import { requestOperation } from '../operations/request-operation.ts';
import { nameOf } from './permitted.ts';
import type { RequestPorts } from './request-ports.ts';

/** Stores the operation, sends its message, and answers where to ask for it. */
export async function accept(
  asked: AutomationRequest,
  request: OperationRequest,
  ports: RequestPorts,
): Promise<AutomationAnswer> {
  const order = { request, requestedBy: nameOf(asked), key: asked.idempotencyKey };
  const operation = await requestOperation(order, ports);
  return { status: 202, body: shown(operation), location: `/automation/operations/${operation.id}` };
}

/** An operation as it is answered. */
export function shown({ attempts: _, ...operation }: Operation): object {
  return operation;
}

export const ok = (body: unknown): AutomationAnswer => ({ status: 200, body });
