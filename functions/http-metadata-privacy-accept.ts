import { app } from '@azure/functions';
import { answer } from '../shared/edge/answer.ts';
import { service } from '../shared/service.ts';

app.http('http-metadata-privacy-accept', {
  methods: ['POST'],
  authLevel: 'anonymous',
  route: 'crm/exporter/metadata/acceptprivacyterms',
  handler: (request) => answer(request, service().door, service().api.metadataPrivacyAccept),
});
