import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-failures-get', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'automation/profiles/{id}/failures/{failureId}',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['failures-get']),
});
