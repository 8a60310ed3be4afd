import { asServiceError, hasCode } from '../errors.ts';
import type { Operation } from '../model/operation.ts';
import { findingIdOf } from '../model/ticket-subject.ts';
import { resolvedTicket, type TellTicketItem } from '../model/work-item.ts';
import type { Operations } from '../ports/operations.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { WorkQueues } from '../ports/work-queue.ts';
import { type FindingTicketPorts, tellFindingTicket } from './tell-finding-ticket.ts';
import { outcomeText } from './ticket-texts.ts';

/** How patiently a ticketing system is called; all from settings. */
export interface TellTicketOptions {
  readonly firstDelaySeconds: number;
  readonly maxDelaySeconds: number;
  readonly maxAttempts: number;
  /** So long after a person has resolved a ticket, its finding is over, or goes on in spite of that. */
  readonly resolvedSeconds: number;
}

export interface TellTicketPorts extends Omit<FindingTicketPorts, 'system'> {
  /** Undefined: none is configured, and nobody is told. */
  readonly system: FindingTicketPorts['system'] | undefined;
  readonly operations: Pick<Operations, 'get'>;
  readonly queues: Pick<WorkQueues, 'tellTicket' | 'abandonedTicket'>;
  readonly telemetry: Telemetry;
  readonly options: TellTicketOptions;
}

/**
 * Tells a ticket what has become of its finding or operation. What fails is tried again with growing delays, as often as
 * allowed, then laid down in the queue of the abandoned with an alert. Resolves to a line for the log.
 */
export async function tellTicket(item: TellTicketItem, ports: TellTicketPorts): Promise<string | undefined> {
  const { system, telemetry } = ports;
  const what = `${item.about} "${item.id}"`;
  if (system === undefined) return `No ticketing system is configured; nobody was told of ${what}.`;
  try {
    const told =
      item.about === 'finding'
        ? await tellFindingTicket(item, { ...ports, system })
        : await tellOperationTicket(item.id, { ...ports, system });
    if (typeof told === 'object') {
      await ports.queues.tellTicket.send(item, told.againInSeconds);
      return `The ticket of ${what} is being opened elsewhere; looked at again in ${told.againInSeconds} s.`;
    }
    telemetry.event('automation.ticket.told', { system: system.name, outcome: told });
    return `The ticket of ${what}: ${told}.`;
  } catch (thrown) {
    if (!hasCode(thrown, ...tellingErrors)) throw thrown;
    return await tryLater(item, thrown, { ...ports, system });
  }
}

/** What waiting may cure. Anything else is met by the queue: five times, then poison. */
const tellingErrors = [
  'TICKET_SYSTEM_UNREACHABLE',
  'TICKET_SYSTEM_REFUSED',
  'TICKET_SYSTEM_ANSWER_UNREADABLE',
  'TICKET_NOT_FOUND',
  'SECRET_NOT_FOUND',
  'SECRET_ACCESS_DENIED',
  'SECRET_UNREACHABLE',
  'SECRET_VALUE_INVALID',
  'SECRET_ADDRESS_INVALID',
  'WEBHOOK_SECRET_INVALID',
] as const;

async function tellOperationTicket(
  operationId: string,
  ports: TellTicketPorts & Pick<FindingTicketPorts, 'system'>,
): Promise<string> {
  const { operations, system } = ports;
  const operation = await operations.get(operationId);
  if (operation?.ticket === undefined) return 'none';
  if (operation.ticket.system !== system.name) return `of ${operation.ticket.system}, which is not called`;
  if (operation.state !== 'succeeded' && operation.state !== 'failed')
    return 'told when the operation is over';
  await system.comment(operation.ticket.ticketId, { key: operation.id, text: outcomeText(operation) });
  await lookAgain(operation, ports);
  return 'commented';
}

/** A finding whose ticket was resolved may go on; who cancels a ticket wants nothing done. */
async function lookAgain(
  { request, ticket }: Operation,
  { records, queues, options }: Pick<TellTicketPorts, 'records' | 'queues' | 'options'>,
): Promise<void> {
  if (request.kind === 'ignore-failures') return;
  for (const record of await records.unsettled()) {
    if (record.system !== ticket?.system || record.ticketId !== ticket.ticketId) continue;
    const id = findingIdOf(record);
    if (id !== undefined) await queues.tellTicket.send(resolvedTicket(id), options.resolvedSeconds);
  }
}

async function tryLater(
  item: TellTicketItem,
  thrown: unknown,
  ports: TellTicketPorts & Pick<FindingTicketPorts, 'system'>,
): Promise<string | undefined> {
  const { queues, options, log, telemetry, system } = ports;
  const error = asServiceError(thrown);
  const attempts = item.attempt + 1;
  const failed = `The ticket of ${item.about} "${item.id}" could not be told`;
  if (attempts < options.maxAttempts && error.code !== 'TICKET_NOT_FOUND') {
    const growing = Math.min(options.firstDelaySeconds * 2 ** item.attempt, options.maxDelaySeconds);
    const delay = Math.max(growing, error.retryAfterSeconds ?? 0);
    await queues.tellTicket.send({ ...item, attempt: attempts }, delay);
    log.warn(`${failed} (attempt ${attempts}), again in ${delay} s: ${error.code}: ${error.message}`);
    return undefined;
  }
  await queues.abandonedTicket.send({ ...item, attempt: 0 });
  telemetry.event('automation.ticket.abandoned', {
    ...{ system: system.name, about: item.about, code: error.code },
    attempts,
  });
  log.error(`${failed} and was given up after ${attempts} attempts: ${error.code}: ${error.message}`);
  return undefined;
}
