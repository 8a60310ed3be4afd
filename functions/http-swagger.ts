import { app } from '@azure/functions';
import { answerSwagger } from '../shared/edge/answer-swagger.ts';
import { service } from '../shared/service.ts';

app.http('http-swagger', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'swagger/{*path}',
  handler: (request) => answerSwagger(request, service().door, service().swagger),
});
