import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-metadata-privacy-get', {
  methods: ['GET'],
  authLevel: 'anonymous',
  route: 'crm/exporter/metadata/hasorgacceptedprivacyterms',
  handler: (request) => answer(request, service().door, service().api.metadataPrivacyGet),
});
