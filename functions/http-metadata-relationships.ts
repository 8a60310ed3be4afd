import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-metadata-relationships', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'crm/exporter/metadata/relationships',
  handler: (request) => answer(request, service().door, service().api.metadataRelationships),
});
