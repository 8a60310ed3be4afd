import { app } from '@azure/functions';
import { answerOpenApi } from '../shared/edge/answer-openapi.ts';

app.http('http-automation-openapi', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'automation/openapi.json',
  handler: async (request) => answerOpenApi(request),
});
