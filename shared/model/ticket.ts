import { z } from 'zod';
import { failureSelectionSchema } from './operation.ts';
import { orAbsent } from './or-absent.ts';

/** Ticketing systems by the name that paths and settings have. `json` is any that speaks our own plain form. */
export const ticketSystemNames = ['servicenow', 'jira', 'json'] as const;
export type TicketSystemName = (typeof ticketSystemNames)[number];

/** A ticket as we want it to be. */
export interface Ticket {
  /** `correlationIdOf` the finding: the ticket is found again by it. */
  readonly correlationId: string;
  /** One line, at most 160 characters. */
  readonly title: string;
  /** Plain text of several lines. */
  readonly text: string;
  readonly isUrgent: boolean;
}

/** What a finding tells a ticket. Dates are ISO 8601 in UTC. */
export interface TellableFinding {
  readonly id: string;
  readonly profileId: string;
  readonly profileName: string;
  readonly table?: string | undefined;
  readonly severity: string;
  readonly state: 'open' | 'closed';
  readonly openedAt: string;
  readonly closedAt?: string | undefined;
  readonly message: string;
  readonly whatToDo: string;
  /** What was done about it and how many rows it was about, in sentences for people. */
  readonly story?: string | undefined;
}

/**
 * `opening`: we may have opened a ticket, and look before we open another; `open`: it knows of the finding; `closing`: the
 * finding is over, the ticket may not know; `closed`: it does.
 */
export const ticketStates = ['opening', 'open', 'closing', 'closed'] as const;
export type TicketState = (typeof ticketStates)[number];

const nextStates: Record<TicketState, readonly TicketState[]> = {
  opening: ['open', 'closing'],
  open: ['closing'],
  closing: ['closed', 'opening'],
  closed: ['opening'],
};

/** Whether the record of a ticket may go from one state to another; it may always stay. */
export function ticketCanBecome(from: TicketState, to: TicketState): boolean {
  return from === to || nextStates[from].includes(to);
}

/** What we know of the ticket of a finding. `told` is a digest of what the ticket says; `changedAt` ISO 8601 in UTC. */
export const ticketRecordSchema = z.object({
  correlationId: z.string(),
  /** Absent in older records; see `findingIdOf`. */
  findingId: orAbsent(z.string()),
  system: z.enum(ticketSystemNames),
  state: z.enum(ticketStates),
  /** What the ticket means when it is resolved; undefined for a finding of no profile. */
  selection: orAbsent(failureSelectionSchema),
  ticketId: orAbsent(z.string()),
  told: orAbsent(z.string()),
  changedAt: z.string(),
});
export type TicketRecord = Readonly<z.infer<typeof ticketRecordSchema>>;

/** A webhook call that was taken: one delivery is one operation, however often it arrives. */
export const ticketDeliverySchema = z.object({
  system: z.enum(ticketSystemNames),
  deliveryId: z.string(),
  /** SHA-256 of the body in hexadecimal. */
  bodyDigest: z.string(),
  operationId: z.string(),
  /** ISO 8601 in UTC. */
  receivedAt: z.string(),
});
export type TicketDelivery = Readonly<z.infer<typeof ticketDeliverySchema>>;
