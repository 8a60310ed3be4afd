import { app } from '@azure/functions';
import { answerChallenge } from '../shared/edge/answer-challenge.ts';
import { service } from '../shared/service.ts';

app.http('http-aad-challenge', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'crm/exporter/aad/challenge',
  handler: () => answerChallenge(service().door),
});
