import { z } from 'zod';
import { problemsOf, type ReadTicketRequest } from './ticket-request.ts';
import { isOurs, readTicketSubject, subjectForms } from './ticket-subject.ts';

/** Values of `incident.state`: 6 Resolved, 7 Closed, 8 Canceled. */
const resolvedStates = ['6', '7'];
const canceledState = '8';

/** The members that the business rule of docs/ticketing.md sends; `getValue` gives every one as text, or null. */
const incidentSchema = z.object({
  sys_id: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits'),
  number: z.string().max(40).nullish(),
  state: z
    .union([z.string(), z.int().transform(String)])
    .pipe(z.string().regex(/^\d{1,3}$/, 'must be a number')),
  correlation_id: z.string().nullish(),
  close_code: z.string().max(200).nullish(),
  close_notes: z.string().nullish(),
});

/**
 * A ServiceNow incident: resolved or closed it asks for a re-touch of what its `correlation_id` names, canceled to ignore
 * it. An incident without one, or with one of another integration, is none of ours.
 */
export function readServiceNowIncident(body: unknown): ReadTicketRequest {
  const parsed = incidentSchema.safeParse(body);
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { sys_id: ticketId, number, state, correlation_id: about, close_code, close_notes } = parsed.data;
  const isCanceled = state === canceledState;
  if (!isCanceled && !resolvedStates.includes(state))
    return { nothing: `The incident is in state ${state}, neither resolved nor canceled.` };
  if (!about || !isOurs(about))
    return { nothing: 'The incident has no correlation_id that names a finding or failures.' };
  const subject = readTicketSubject(about);
  if (subject === undefined) return { problems: [`correlation_id: ${subjectForms}`] };
  const said = [close_code, close_notes].filter(Boolean).join(': ').slice(0, 900);
  const what = `Incident ${number || ticketId} was ${isCanceled ? 'canceled' : 'resolved'}`;
  return {
    ...{ ticketId, subject, action: isCanceled ? 'ignore' : 'retouch' },
    reason: `${what}${said === '' ? '.' : `: ${said}`}`,
  };
}
