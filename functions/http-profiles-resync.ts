import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-profiles-resync', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'crm/exporter/profiles/{id}/resync',
  handler: (request) => answer(request, service().door, service().api.profilesResync),
});
