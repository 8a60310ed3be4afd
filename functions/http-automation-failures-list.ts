import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-failures-list', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'automation/failures',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['failures-list']),
});
