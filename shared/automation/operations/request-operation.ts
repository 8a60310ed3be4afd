import { isDeepStrictEqual } from 'node:util';
import { ServiceError } from '../../errors.ts';
import {
  isEnded,
  type Operation,
  type OperationRequest,
  operationId,
  type TicketReference,
} from '../../model/operation.ts';
import type { OperationPorts } from './operation-ports.ts';

/** What is asked for, by whom, and where the outcome is told. */
export interface OperationOrder {
  readonly request: OperationRequest;
  readonly requestedBy: string;
  readonly organizationId: string;
  readonly ticket?: TicketReference | undefined;
  /** The same one of the same asker is the same operation. */
  readonly key?: string | undefined;
}

/** A record holds 1 MiB, in which a character may take three bytes; the rest is for what becomes of the operation. */
const mostCharacters = 300_000;

/**
 * Stores an operation and sends the message that runs it; waits for nothing else. A crash between leaves one whose message is
 * overdue, which a timer sends. `REQUEST_INVALID` when the request is too large, or its key stands for another
 * one.
 */
export async function requestOperation(
  { request, requestedBy, organizationId, ticket, key }: OperationOrder,
  { operations, queues, clock }: Pick<OperationPorts, 'operations' | 'queues' | 'clock'>,
): Promise<Operation> {
  const length = JSON.stringify(request).length;
  if (length > mostCharacters)
    throw new ServiceError(
      'REQUEST_INVALID',
      `Cannot take the request: it has ${length} characters as JSON; allowed are ${mostCharacters}. Ask in parts.`,
    );
  const now = clock.now();
  const at = now.toISOString();
  const asked: Operation = {
    id: operationId(now, crypto.randomUUID()),
    request,
    state: 'accepted',
    requestedBy,
    organizationId,
    requestedAt: at,
    changedAt: at,
    message: 'Is about to begin.',
    ...{ rows: undefined, profileId: undefined, ticket },
    dueAt: at,
  };
  const operation =
    key === undefined ? asked : await operations.addOnce(JSON.stringify([requestedBy, key]), asked);
  if (key === undefined) await operations.add(asked);
  if (!isDeepStrictEqual(asJson(operation.request), asJson(request)))
    throw new ServiceError(
      'REQUEST_INVALID',
      'Cannot take the request: its Idempotency-Key was sent with another request before; expected a new one for each.',
      { parameters: ['Idempotency-Key'] },
    );
  if (!isEnded(operation)) await queues.runOperation.send({ operationId: operation.id });
  return operation;
}

/** As it is stored: without members that are undefined. */
const asJson = (request: OperationRequest): unknown => JSON.parse(JSON.stringify(request));
