import type { AutomationAnswer, AutomationRequest } from '../../model/automation-api/request.ts';
import type { Operation, OperationRequest } from '../../model/operation.ts';
import { requestOperation } from '../operations/request-operation.ts';
import { nameOf } from './permitted.ts';
import type { RequestPorts } from './request-ports.ts';

/** Stores the operation, sends its message, and answers where to ask for it. */
export async function accept(
  asked: AutomationRequest,
  organizationId: string,
  request: OperationRequest,
  ports: RequestPorts,
): Promise<AutomationAnswer> {
  const order = { request, organizationId, requestedBy: nameOf(asked), key: asked.idempotencyKey };
  const operation = await requestOperation(order, ports);
  return { status: 202, body: shown(operation), location: `/automation/operations/${operation.id}` };
}

/** An operation as it is answered. */
export function shown({ attempts: _, ...operation }: Operation): object {
  return operation;
}

/** The same in a list: without what may be long, which the operation itself has. */
export function listed(operation: Operation): object {
  const { request, ...rest } = shown(operation) as Operation;
  if (request.kind === 'create-profile') {
    const { description: _, ...short } = request;
    return { ...rest, request: short };
  }
  if (!('selection' in request)) return { ...rest, request };
  const { recordIds: _, failureIds: __, ...selection } = request.selection;
  return { ...rest, request: { ...request, selection } };
}

export const ok = (body: unknown): AutomationAnswer => ({ status: 200, body });
