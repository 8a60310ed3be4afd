import type { z } from 'zod';
import type { TicketSubject } from './ticket-subject.ts';

/** What a ticket can ask for; the operations of the same names say what they do. */
export const ticketActions = ['retouch', 'retry', 'ignore'] as const;
export type TicketAction = (typeof ticketActions)[number];

/** What a webhook call asks for, whatever the system. */
export interface TicketRequest {
  /** As the system's own calls take it. */
  readonly ticketId: string;
  readonly action: TicketAction;
  readonly subject: TicketSubject;
  /** Why, for people; at most 1000 characters. */
  readonly reason?: string | undefined;
}

/** A request; a sentence when the call asks for nothing; or everything that is wrong with the body. */
export type ReadTicketRequest =
  | TicketRequest
  | { readonly nothing: string }
  | { readonly problems: readonly string[] };

/** Each problem as `<member> <what>`; values are not repeated. */
export function problemsOf({ issues }: z.ZodError): readonly string[] {
  return issues.map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
}
