import { app } from '@azure/functions';
import { answerTicketWebhook } from '../shared/edge/answer-ticket-webhook.ts';
import { service } from '../shared/service.ts';

app.http('http-ticket-webhook', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'webhooks/tickets/{system}',
  handler: (request) => answerTicketWebhook(request, service().door, service().automation.takeTicketWebhook),
});
