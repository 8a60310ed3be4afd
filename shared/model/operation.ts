import { z } from 'zod';
import { failureCauses, failureStates } from './failure.ts';
import { newestFirstKey } from './newest-first-key.ts';
import { orAbsent } from './or-absent.ts';

/** Which failures of a profile are meant: all that fit every member given. Ids are lower-case guids. */
export const failureSelectionSchema = z.object({
  profileId: z.guid(),
  /** Logical name of the table. */
  table: orAbsent(z.string()),
  cause: orAbsent(z.enum(failureCauses)),
  state: orAbsent(z.enum(failureStates)),
  recordIds: orAbsent(z.array(z.guid()).min(1).max(1000)),
  failureIds: orAbsent(z.array(z.string()).min(1).max(1000)),
});
export type FailureSelection = Readonly<z.infer<typeof failureSelectionSchema>>;

/** What a person or a system has asked for, and what is done later by a queue function. */
const requestSchema = z.discriminatedUnion('kind', [
  /** `description`: the document that the exporter's `POST profiles` takes. */
  z.object({ kind: z.literal('create-profile'), organizationId: z.guid(), description: z.json() }),
  z.object({ kind: z.literal('activate-profile'), profileId: z.guid() }),
  z.object({ kind: z.literal('deactivate-profile'), profileId: z.guid() }),
  /** Now, whatever they wait for. */
  z.object({ kind: z.literal('retouch-failures'), selection: failureSelectionSchema }),
  /** Those that need attention, or wait, are taken up again from the first attempt on. */
  z.object({ kind: z.literal('retry-failures'), selection: failureSelectionSchema }),
  z.object({ kind: z.literal('ignore-failures'), selection: failureSelectionSchema, reason: z.string() }),
]);
export type OperationRequest = Readonly<z.infer<typeof requestSchema>>;
export type OperationKind = OperationRequest['kind'];

/** `accepted`: its message is on the way; `running`: begun, and not over; the other two are for ever. */
export const operationStates = ['accepted', 'running', 'succeeded', 'failed'] as const;
export type OperationState = (typeof operationStates)[number];

const nextStates: Record<OperationState, readonly OperationState[]> = {
  accepted: ['running', 'failed'],
  running: ['succeeded', 'failed'],
  succeeded: [],
  failed: [],
};

/** Whether an operation may go from one state to another; it may always stay. */
export function operationCanBecome(from: OperationState, to: OperationState): boolean {
  return from === to || nextStates[from].includes(to);
}

/** An id of an operation that was asked for at this time; `guid` in lower case makes it unique. */
export function operationId(requestedAt: Date, guid: string): string {
  return `${newestFirstKey(requestedAt.toISOString())}-${guid}`;
}

/** A ticket of a ticketing system, told of the outcome of an operation. */
export const ticketReferenceSchema = z.object({ system: z.string(), ticketId: z.string() });
export type TicketReference = Readonly<z.infer<typeof ticketReferenceSchema>>;

/** Whether nothing more happens to it. */
export function isEnded({ state }: Pick<Operation, 'state'>): boolean {
  return nextStates[state].length === 0;
}

/** The profile that it is about, absent while there is none yet, and the organization as far as it is known here. */
export function subjectOf({ request, profileId, organizationId }: Operation) {
  if (request.kind === 'create-profile') return { profileId, organizationId: request.organizationId };
  const { profileId: subject } = 'selection' in request ? request.selection : request;
  return { profileId: subject, organizationId };
}

/** Ids of operations: the newer one is the smaller text. */
export const operationIdForm = /^\d{13}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where a list of operations goes on: after an id, or at the time that ids begin with. */
export const operationPlaceForm = /^\d{13}(-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/;

/** One thing that was asked for, with what has become of it. Dates are ISO 8601 in UTC. */
export const operationSchema = z.object({
  id: z.string().regex(operationIdForm),
  request: requestSchema,
  state: z.enum(operationStates),
  /** Who asked: an object id, a client id, or the name of a ticketing system. */
  requestedBy: z.string(),
  requestedAt: z.string(),
  changedAt: z.string(),
  /** What has happened so far, a sentence for people. */
  message: z.string(),
  /** Whom it belongs to, also when its profile is gone; absent in older ones and in those of tickets. */
  organizationId: z.string().optional(),
  /** Number of rows by what has become of them, as `healed`, `gone`, `retouching`. */
  rows: orAbsent(z.record(z.string(), z.int())),
  /** Of a profile that was made. */
  profileId: orAbsent(z.string()),
  /** Where the outcome is told. */
  ticket: orAbsent(ticketReferenceSchema),
  /** How often in a row it was tried in vain. */
  attempts: z.int().optional(),
  /** When its message is due; later by far, it was lost. Absent: at once. */
  dueAt: z.string().optional(),
});
export type Operation = Readonly<z.infer<typeof operationSchema>>;

/** Which operation was first asked for with a key. */
export const operationKeySchema = z.object({ operationId: z.string(), requestedAt: z.string() });
