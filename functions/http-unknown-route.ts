import { app } from '@azure/functions';
import { answerUnknownRoute } from '../shared/edge/answer-unknown-route.ts';
import { service } from '../shared/service.ts';

// The host tries routes in the order of their functions' names, so this name must come last.
app.http('http-unknown-route', {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  authLevel: 'anonymous',
  route: 'crm/exporter/{*path}',
  handler: (request) => answerUnknownRoute(request, service().door),
});
