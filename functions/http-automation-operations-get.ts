import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-operations-get', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'automation/operations/{id}',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['operations-get']),
});
