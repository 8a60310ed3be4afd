import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-profiles-update', {
  methods: ['PUT'],
  authLevel: 'anonymous',
  route: 'crm/exporter/profiles/{id}',
  handler: (request) => answer(request, service().door, service().api.profilesUpdate),
});
