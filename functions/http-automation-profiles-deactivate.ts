import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-profiles-deactivate', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'automation/profiles/{id}/deactivate',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['profiles-deactivate']),
});
