import { app } from '@azure/functions';
import { answerUnknownRoute } from '../shared/edge/answer-unknown-route.ts';
import { service } from '../shared/service.ts';

// As of http-unknown-route, this name must come after those of the routes.
app.http('http-unknown-route-automation', {
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  authLevel: 'anonymous',
  route: 'automation/{*path}',
  handler: (request) => answerUnknownRoute(request, service().door),
});
