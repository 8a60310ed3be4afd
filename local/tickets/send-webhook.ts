import { createHmac, randomUUID } from 'node:crypto';
import type { TicketSystemName } from '../../shared/model/ticket.ts';
import { signedHeaders } from '../../shared/model/webhook-signature.ts';
import { jiraIssue } from './jira-api.ts';
import type { StoredTicket } from './ticket-store.ts';

/** The secrets that webhooks are signed with here; the local vault has the same. */
export const webhookSecrets: Readonly<Record<TicketSystemName, string>> = {
  servicenow: 'local-webhook-Secret-of-servicenow-0001',
  jira: 'local-webhook-Secret-of-jira-0001',
  json: 'local-webhook-Secret-of-json-0001',
};

/** What each product sends when the ticket's state has changed. */
function bodyOf(ticket: StoredTicket): object {
  if (ticket.system === 'servicenow')
    return {
      ...{ sys_id: ticket.id, number: ticket.number, state: ticket.state },
      ...{ correlation_id: ticket.correlationId, close_code: ticket.resolution },
      close_notes: ticket.comments.at(-1)?.text ?? '',
    };
  if (ticket.system === 'jira')
    return {
      ...{
        timestamp: Date.now(),
        webhookEvent: 'jira:issue_updated',
        issue_event_type_name: 'issue_generic',
      },
      issue: jiraIssue(ticket),
      changelog: { id: '1', items: [{ field: 'status', toString: 'Resolved' }] },
    };
  return { ticketId: ticket.id, action: 'retouch', about: ticket.correlationId };
}

/** Sends the webhook of a ticket to the app, signed as the product does it; resolves to the app's answer. */
export async function sendWebhook(
  ticket: StoredTicket,
  appUrl: string,
  secret: string = webhookSecrets[ticket.system],
): Promise<{ status: number; body: unknown }> {
  const body = JSON.stringify(bodyOf(ticket));
  const ours = () => signedHeaders([secret], { deliveryId: randomUUID(), body, now: new Date() });
  const signature =
    ticket.system === 'jira'
      ? { 'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
      : ours();
  const response = await fetch(`${appUrl}/webhooks/tickets/${ticket.system}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signature },
    body,
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, body: await response.json().catch(() => undefined) };
}
