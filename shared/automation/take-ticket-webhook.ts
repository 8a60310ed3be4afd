import { createHash } from 'node:crypto';
import { asServiceError, messageWithCure, ServiceError } from '../errors.ts';
import {
  type FailureSelection,
  type Operation,
  type OperationRequest,
  operationId,
} from '../model/operation.ts';
import { readTicketRequest } from '../model/read-ticket-request.ts';
import { type TicketSystemName, ticketSystemNames } from '../model/ticket.ts';
import type { TicketRequest } from '../model/ticket-request.ts';
import { jiraEventTime } from '../model/ticket-request-jira.ts';
import { findingIdOf } from '../model/ticket-subject.ts';
import {
  isSignedBy,
  readBodySignedCall,
  readSignedCall,
  type SignedCall,
  toleranceSeconds,
} from '../model/webhook-signature.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExporterApi } from '../ports/exporter-api.ts';
import type { Log } from '../ports/log.ts';
import type { Operations } from '../ports/operations.ts';
import type { TicketDeliveries } from '../ports/ticket-deliveries.ts';
import type { TicketRecords } from '../ports/ticket-records.ts';

/** One call as it came in. */
export interface TicketCall {
  /** From the path; anybody's text. */
  readonly system: string;
  /** A header by its name in lower case. */
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
}

/** What became of a call: an operation, or a sentence why there is none. */
export type TakenTicketCall = { readonly operation: Operation } | { readonly nothing: string };

export interface TicketWebhookPorts {
  /** The secrets of a system; none when its calls are not taken. */
  readonly secretsOf: (system: TicketSystemName) => Promise<readonly string[]>;
  readonly deliveries: Pick<TicketDeliveries, 'take'>;
  readonly operations: Pick<Operations, 'add' | 'get'>;
  readonly records: Pick<TicketRecords, 'get'>;
  readonly exporter: Pick<ExporterApi, 'profile'>;
  /** Has the ticket of a finding that a person has resolved looked at when the finding should be over. */
  readonly lookAgain: (findingId: string) => Promise<void>;
  /** Sends the message that runs an operation. */
  readonly startOperation: (operationId: string) => Promise<void>;
  readonly newGuid: () => string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/**
 * Takes one call of a ticketing system and makes an operation of it, once a delivery. The delivery is written first, with
 * the id that its operation will have, then the operation, then the message: the same call again repairs what a crash has
 * left out. Whoever cannot sign is told one and the same, `WEBHOOK_SIGNATURE_INVALID`, whatever else is wrong.
 */
export async function takeTicketWebhook(
  call: TicketCall,
  ports: TicketWebhookPorts,
): Promise<TakenTicketCall> {
  const { system, deliveryId } = await authenticate(call, ports);
  const request = readTicketRequest(system, jsonOf(call));
  if ('nothing' in request) return request;
  const found = await selectionOfSubject(request, ports);
  if ('nothing' in found) return found;

  const bodyDigest = createHash('sha256').update(call.body).digest('hex');
  const now = ports.clock.now();
  const candidate = {
    ...{ system, deliveryId, bodyDigest, receivedAt: now.toISOString() },
    operationId: operationId(now, ports.newGuid()),
  };
  const delivery = await ports.deliveries.take(candidate);
  if (delivery.bodyDigest !== bodyDigest)
    throw new ServiceError(
      'WEBHOOK_DELIVERY_REUSED',
      'Cannot take the call: another body came under its delivery id before; each delivery needs an id of its own.',
    );

  const at = delivery.receivedAt;
  const planned: Operation = {
    ...{ id: delivery.operationId, state: 'accepted', requestedBy: system, requestedAt: at, changedAt: at },
    request: operationRequest(request, found.selection),
    message: 'Is about to begin.',
    ...{ rows: undefined, profileId: undefined },
    ticket: { system, ticketId: request.ticketId },
  };
  const isFirst = delivery.operationId === candidate.operationId;
  const known = isFirst ? undefined : await ports.operations.get(planned.id);
  const operation = known ?? (await added(planned, ports));
  if (operation.state === 'accepted') await ports.startOperation(operation.id);
  ports.log.info(
    `Ticket "${request.ticketId}" of ${system} asks to ${request.action}: operation ${operation.id}.`,
  );
  return { operation };
}

/** The operation as it is stored: this one, or the one that the same delivery has made meanwhile. */
async function added(
  planned: Operation,
  { operations }: Pick<TicketWebhookPorts, 'operations'>,
): Promise<Operation> {
  const isNew = await operations.add(planned);
  return (isNew ? undefined : await operations.get(planned.id)) ?? planned;
}

async function authenticate(
  call: TicketCall,
  { secretsOf, clock, log }: TicketWebhookPorts,
): Promise<{ readonly system: TicketSystemName; readonly deliveryId: string }> {
  const system = ticketSystemNames.find((name) => name === call.system);
  const secrets = system === undefined ? [] : await secretsOf(system).catch(hideFromStrangers);
  const signed = readSignedCall(call.header, call.body) ?? signedByJira(system, call);
  const why = (): string | undefined => {
    if (system === undefined) return 'the path names no ticketing system';
    if (secrets.length === 0) return `no secret is configured for ${system}`;
    if (signed === undefined) return 'headers are missing or have another form';
    // An unsigned time says nothing: the secret first.
    if (!isSignedBy(secrets, signed)) return 'no secret fits';
    const late = Math.round((clock.now().getTime() - signed.signedAt) / 1000);
    if (Math.abs(late) > toleranceSeconds) return `the time that it is signed for is ${late} s ago`;
    return undefined;
  };
  const reason = why();
  if (reason === undefined && system !== undefined && signed !== undefined)
    return { system, deliveryId: signed.deliveryId };
  log.info(`A webhook call was refused: ${reason}.`);
  throw new ServiceError(
    'WEBHOOK_SIGNATURE_INVALID',
    'Cannot take the call: it is not signed as expected; a signature of now with a secret of this system is needed.',
  );
}

/** Of vault and secret only the log is told. */
function hideFromStrangers(cause: unknown): never {
  const message =
    'Cannot check the signature of the call: the secrets cannot be read now; send it again later.';
  throw new ServiceError('INTERNAL', message, { cause });
}

function signedByJira(system: string | undefined, { header, body }: TicketCall): SignedCall | undefined {
  if (system !== 'jira' || header('x-hub-signature') === null) return undefined;
  return readBodySignedCall(header, body, jiraEventTime(parsed(body)));
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function jsonOf({ header, body }: TicketCall): unknown {
  const type = (header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^application\/([\w.+-]+\+)?json$/.test(type))
    throw new ServiceError(
      'WEBHOOK_MEDIA_TYPE',
      'Cannot read the body of the call: its Content-Type is another; expected application/json.',
    );
  const json = parsed(body);
  if (json !== undefined) return json;
  throw new ServiceError(
    'REQUEST_INVALID',
    'Cannot read the body of the call: it is not JSON in UTF-8; expected a JSON object.',
  );
}

async function selectionOfSubject(
  { subject, action }: TicketRequest,
  ports: TicketWebhookPorts,
): Promise<{ readonly selection: FailureSelection } | { readonly nothing: string }> {
  if ('selection' in subject) {
    await checkProfile(subject.selection.profileId, ports);
    return subject;
  }
  const record = await ports.records.get(subject.correlationId);
  if (record === undefined)
    throw new ServiceError(
      'REQUEST_INVALID',
      'Cannot take the ticket: no ticket was opened for the finding that it names; name a profile, table, row or failure.',
    );
  // Our own closing comes back as a call.
  if (record.state === 'closing' || record.state === 'closed')
    return { nothing: 'The finding of the ticket is over.' };
  const { selection } = record;
  if (selection !== undefined) return { selection };
  const findingId = findingIdOf(record);
  if (findingId !== undefined && action !== 'ignore') await ports.lookAgain(findingId);
  return { nothing: 'The finding of the ticket is of no profile.' };
}

/** Refuses what names a profile that there never was. While the exporter is away the operation finds that out. */
async function checkProfile(profileId: string, { exporter, log }: TicketWebhookPorts): Promise<void> {
  const isUnknown = await exporter.profile(profileId).then(
    (profile) => profile === undefined,
    (thrown: unknown) => {
      log.warn(
        `The profile that a ticket names was not looked up: ${messageWithCure(asServiceError(thrown))}`,
      );
      return false;
    },
  );
  if (isUnknown)
    throw new ServiceError(
      'REQUEST_INVALID',
      'Cannot take the ticket: the profile that it names does not exist; name a profile of this exporter by its id.',
    );
}

function operationRequest({ action, reason }: TicketRequest, selection: FailureSelection): OperationRequest {
  if (action === 'ignore')
    return { kind: 'ignore-failures', selection, reason: reason ?? 'A ticket says so.' };
  return { kind: action === 'retry' ? 'retry-failures' : 'retouch-failures', selection };
}
