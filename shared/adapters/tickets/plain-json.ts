import { randomUUID } from 'node:crypto';
import { secretsIn, signedHeaders } from '../../model/webhook-signature.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TicketSystem } from '../../ports/ticket-system.ts';
import { at, type TicketHttpOptions, textAt, ticketHttp } from './ticket-http.ts';

/**
 * Any receiver of the plain form of docs/ticketing.md, at the path in `place`: every call is a POST of one JSON object,
 * signed with each of the secrets in the credential. What may come twice is told by correlation id and key.
 */
export function plainJson({
  url,
  credential,
  clock,
  place = '/',
  ...more
}: TicketHttpOptions & {
  readonly place?: string | undefined;
  readonly clock: Pick<Clock, 'now'>;
}): TicketSystem {
  const call = ticketHttp('json', { url, ...more });
  const send = async (action: string, members: object) => {
    const body = JSON.stringify({ action, ...members });
    const secrets = secretsIn(await credential(), '"json" at TICKET_SYSTEM_LOGIN_URI');
    const headers = signedHeaders(secrets, { deliveryId: randomUUID(), body, now: clock.now() });
    return await call({ method: 'POST', path: place, body, headers });
  };
  return {
    name: 'json',
    async find(correlationId, ticketId) {
      const answer = await send('find', { correlationId, ticketId });
      if (typeof at(answer, 'ticketId') !== 'string') return undefined;
      return { ticketId: textAt(answer, 'ticketId'), isOpen: at(answer, 'isOpen') === true };
    },
    open: async (ticket) => textAt(await send('open', ticket), 'ticketId'),
    async update(ticketId, ticket) {
      await send('update', { ticketId, ...ticket });
    },
    async comment(ticketId, comment) {
      await send('comment', { ticketId, ...comment });
    },
    async close(ticketId, comment) {
      await send('close', { ticketId, ...comment });
    },
    reopen: async (ticketId, comment) =>
      at(await send('reopen', { ticketId, ...comment }), 'isOpen') === true,
  };
}
