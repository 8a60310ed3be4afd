import { app } from '@azure/functions';
import { answerHealth } from '../shared/edge/answer-health.ts';
import { service } from '../shared/service.ts';

app.http('http-health', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'health',
  handler: () => answerHealth(service().api.health),
});
