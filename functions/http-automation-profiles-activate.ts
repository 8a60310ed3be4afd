import { app } from '@azure/functions';
import { answerAutomation } from '../shared/edge/answer-automation.ts';
import { service } from '../shared/service.ts';

app.http('http-automation-profiles-activate', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'automation/profiles/{id}/activate',
  handler: (request) =>
    answerAutomation(request, service().door, service().automation.requests['profiles-activate']),
});
