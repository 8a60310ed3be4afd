import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-findings-list', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'automation/findings',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['findings-list']),
});
