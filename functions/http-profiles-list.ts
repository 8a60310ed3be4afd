import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-profiles-list', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'crm/exporter/profiles',
  handler: (request) => answer(request, service().door, service().api.profilesList),
});
