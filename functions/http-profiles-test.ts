import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-profiles-test', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'crm/exporter/profiles/{id}/test',
  handler: (request) => answer(request, service().door, service().api.profilesTest),
});
