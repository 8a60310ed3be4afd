import { app } from '@azure/functions';
import { answerDataverseWebhook } from '../shared/edge/answer-dataverse-webhook.ts';
import { service } from '../shared/service.ts';

app.http('http-dataverse-webhook', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'webhooks/dataverse',
  handler: (request) => answerDataverseWebhook(request, service().door, service().sync.takeDataverseWebhook),
});
