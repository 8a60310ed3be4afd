import { ServiceError } from '../errors.ts';
import type { TicketSystemName } from './ticket.ts';
import type { ReadTicketRequest, TicketRequest } from './ticket-request.ts';
import { readJiraEvent } from './ticket-request-jira.ts';
import { readPlainTicket } from './ticket-request-plain.ts';
import { readServiceNowIncident } from './ticket-request-service-now.ts';

const readers: Record<TicketSystemName, (body: unknown) => ReadTicketRequest> = {
  servicenow: readServiceNowIncident,
  jira: readJiraEvent,
  json: readPlainTicket,
};

/**
 * The request in a body of the system's form; a sentence when it asks for nothing, as a ticket that is not resolved.
 * `REQUEST_INVALID` with all problems; no value of the body is repeated.
 */
export function readTicketRequest(
  system: TicketSystemName,
  body: unknown,
): TicketRequest | { readonly nothing: string } {
  const read = readers[system](body);
  if (!('problems' in read)) return read;
  const { problems } = read;
  throw new ServiceError(
    'REQUEST_INVALID',
    `Cannot take the ticket: the body has ${problems.length} ${problems.length === 1 ? 'mistake' : 'mistakes'}; ${problems.join('; ')}.`,
    { parameters: problems },
  );
}
